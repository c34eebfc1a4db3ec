import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { errorCodeOf } from '../../../base/error-codes.ts';
import { AppError } from '../../../base/errors.ts';
import { holdBinding } from '../../../sqlite/connection.ts';
import type { Fence } from '../../write-kinds.ts';
import {
  endOfThread,
  type MirrorCalls,
  type WriterAnswer,
  type WriterFault,
  type WriterRequest,
} from './protocol.ts';
import { threadEnded } from './thread-ended.ts';
import { keepWasmCode } from './type-stripper.ts';

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** What a writer thread makes dies at once, so that more room for it is only more resident memory: some 25 MB. */
const youngMb = 6;

/**
 * The main thread's end of one writer thread, which is started by the first call. Should it die, what was under way
 * fails, and the next call starts another one, which has no mirror open yet.
 */
export class WriterClient {
  /** Mirrors that are open on this thread. */
  mirrors = 0;
  /** Counts the threads that died: whoever opened a mirror on one of them must open it again. */
  deaths = 0;
  #worker: Worker | null = null;
  #nextId = 1;
  readonly #pending = new Map<number, Pending>();
  #stopped: Error | null = null;

  call<K extends keyof MirrorCalls>(
    mirror: string,
    call: K,
    args: Parameters<MirrorCalls[K]>,
    { fences = [], transfer = [] }: { fences?: readonly Fence[]; transfer?: ArrayBuffer[] } = {},
  ): Promise<ReturnType<MirrorCalls[K]>> {
    return this.#post({ id: 0, mirror, call, args, fences }, transfer) as Promise<ReturnType<MirrorCalls[K]>>;
  }

  async open(mirror: string, path: string, create: boolean): Promise<void> {
    await this.#post({ id: 0, mirror, call: 'open', args: [path, create] });
  }

  async close(mirror: string): Promise<void> {
    await this.#post({ id: 0, mirror, call: 'close', args: [] });
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#stopped = new Error('The writer thread was stopped.');
    this.#worker = null;
    if (worker !== null) await endThread(worker);
    this.#rejectAll(this.#stopped);
  }

  #post(request: WriterRequest, transfer: ArrayBuffer[] = []): Promise<unknown> {
    if (this.#stopped !== null) return Promise.reject(this.#stopped);
    const worker = this.#started();
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#pending.set(id, { resolve, reject });
      // A process ends by itself when nothing is under way, whether or not it closed its mirrors.
      worker.ref();
      worker.postMessage({ ...request, id }, transfer);
    });
  }

  #started(): Worker {
    if (this.#worker === null) {
      holdBinding();
      // Run from source (types stripped by Node) or from the build: the thread's file is what this one is.
      const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
      if (extension === 'ts') keepWasmCode();
      const worker = new Worker(new URL(`./writer-thread.${extension}`, import.meta.url), {
        resourceLimits: { maxYoungGenerationSizeMb: youngMb },
      });
      worker.on('message', (answer: WriterAnswer) => this.#answered(answer));
      worker.on('error', (error) => this.#died(worker, error));
      worker.on('exit', () => this.#died(worker, null));
      this.#worker = worker;
    }
    return this.#worker;
  }

  #answered(answer: WriterAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (this.#pending.size === 0) this.#worker?.unref();
    if (pending === undefined) return;
    if ('fault' in answer) pending.reject(errorOf(answer.fault));
    else pending.resolve(answer.value);
  }

  /** An error is followed by the exit of the same thread, which then is nobody's any more. */
  #died(worker: Worker, cause: unknown): void {
    if (worker !== this.#worker) return;
    this.#worker = null;
    this.deaths++;
    this.#rejectAll(threadEnded(cause));
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

/** Longer than any one transaction of a page takes. */
const endWithinMs = 30_000;

/**
 * Lets the thread do what was asked before, close its files and end by itself. To terminate it from outside can
 * meet it inside SQLite or while it starts, and Node aborts the whole process then.
 */
async function endThread(worker: Worker): Promise<void> {
  const gone = once(worker, 'exit');
  worker.ref();
  worker.postMessage(endOfThread);
  const timer = setTimeout(() => void worker.terminate(), endWithinMs);
  try {
    await gone;
  } catch {
    // It died of an error on the way, which is an end too.
  } finally {
    clearTimeout(timer);
  }
}

function errorOf({ code, message, hint, details }: WriterFault): Error {
  return code === null ? new Error(message) : new AppError(errorCodeOf(code), message, { hint, details });
}
