import { Worker } from 'node:worker_threads';
import { throwIfAborted } from '../../../base/abort.ts';
import { errorCodeOf } from '../../../base/error-codes.ts';
import { AppError } from '../../../base/errors.ts';
import { Semaphore } from '../../../base/semaphore.ts';
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
import type { WriterWorker } from './writer-worker.ts';

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** What ends a page before all of it has come. */
export interface PageEnd {
  readonly signal: AbortSignal;
  fail(error: unknown): void;
}

export interface WriterClientOptions {
  start?: (() => WriterWorker) | undefined;
  /** Makes what it begins with in place of a thread, until one is asked for. */
  inline?: (() => WriterWorker) | undefined;
  /** At most so many of blocks. */
  bytesUnderWay?: number;
}

/** What a writer thread makes dies at once, so that more room for it is only more resident memory: some 25 MB. */
const youngMb = 6;

/** Blocks under way to one thread: enough that it never waits for the network's thread to wake up. */
const mostBytesUnderWay = 8 * 1024 * 1024;

/**
 * The main thread's end of one writer thread, which is started by the first call. Should it die, what was under way
 * fails, and the next call starts another one, which has no mirror open yet.
 */
export class WriterClient {
  /** Mirrors that are open on this thread. */
  mirrors = 0;
  /** Counts the threads that died: whoever opened a mirror on one of them must open it again. */
  deaths = 0;
  #worker: WriterWorker | null = null;
  readonly #startThread: () => WriterWorker;
  #startInline: (() => WriterWorker) | null;
  readonly #bytesUnderWay: Semaphore;
  #nextId = 1;
  readonly #pending = new Map<number, Pending>();
  #stopped: Error | null = null;

  constructor({ start = startThread, inline, bytesUnderWay = mostBytesUnderWay }: WriterClientOptions = {}) {
    this.#startThread = start;
    this.#startInline = inline ?? null;
    this.#bytesUnderWay = new Semaphore(bytesUnderWay);
  }

  /** `path`: where the mirror's file lies, if it may not be open yet. It is then opened first, as it is. */
  call<K extends keyof MirrorCalls>(
    mirror: string,
    call: K,
    args: Parameters<MirrorCalls[K]>,
    { fences = [], path }: { fences?: readonly Fence[]; path?: string } = {},
  ): Promise<ReturnType<MirrorCalls[K]>> {
    const request = { id: 0, mirror, call, args, fences, path } as WriterRequest;
    return this.#post(request) as Promise<ReturnType<MirrorCalls[K]>>;
  }

  /**
   * Hands a block of a page over, with its memory. Waits until there is room for it among those that the thread has not
   * read yet; whoever brings one reads nothing from its socket meanwhile, and that is the back-pressure. Rejects with
   * an AbortError where the page ends first. `read` resolves when the thread has read it; where it cannot be read, the
   * page fails before others have its room.
   */
  async sendBlock(
    mirror: string,
    page: number,
    block: Uint8Array<ArrayBuffer>,
    end: PageEnd,
  ): Promise<{ read: Promise<void> }> {
    const { signal } = end;
    const leave = await this.#bytesUnderWay.enter({ weight: block.buffer.byteLength, signal });
    const read = this.#readBlock(mirror, page, block, signal)
      .catch((error: unknown) => end.fail(error))
      .finally(leave);
    return { read };
  }

  async #readBlock(
    mirror: string,
    page: number,
    block: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ): Promise<void> {
    // The page has ended while its block was given room.
    throwIfAborted(signal);
    const request: WriterRequest = { id: 0, mirror, call: 'addBlock', args: [page, block], fences: [] };
    await this.#post(request, [block.buffer]);
  }

  async open(mirror: string, path: string, create: boolean): Promise<void> {
    await this.#post({ id: 0, mirror, call: 'open', args: [path, create], fences: [] });
  }

  async close(mirror: string): Promise<void> {
    await this.#post({ id: 0, mirror, call: 'close', args: [], fences: [] });
  }

  /** Ahead of the first call. The thread keeps no process from its end as long as nothing is asked of it. */
  start(): void {
    if (this.#stopped !== null || this.#worker !== null) return;
    this.#started().unref();
  }

  /**
   * Where it works inline, it goes on by a thread, as if the one before had died after its last request: a page that is on
   * its way in is lost.
   */
  async moveToThread(): Promise<void> {
    if (this.#startInline === null) return;
    this.#startInline = null;
    const inline = this.#worker;
    if (inline === null) return;
    this.#worker = null;
    this.deaths++;
    await endThread(inline);
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

  #started(): WriterWorker {
    if (this.#worker === null) {
      const worker = (this.#startInline ?? this.#startThread)();
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
  #died(worker: WriterWorker, cause: unknown): void {
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

function startThread(): Worker {
  holdBinding();
  // Run from source (types stripped by Node) or from the build: the thread's file is what this one is.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  if (extension === 'ts') keepWasmCode();
  return new Worker(new URL(`./writer-thread.${extension}`, import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: youngMb },
  });
}

/** Longer than any one transaction of a page takes. */
const endWithinMs = 30_000;

/**
 * Lets the thread do what was asked before, close its files and end by itself. To terminate it from outside can
 * meet it inside SQLite or while it starts, and Node aborts the whole process then.
 */
async function endThread(worker: WriterWorker): Promise<void> {
  const gone = new Promise<void>((resolve, reject) => {
    worker.once('exit', () => resolve());
    worker.once('error', reject);
  });
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
