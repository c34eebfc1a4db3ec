import { Worker } from 'node:worker_threads';
import { AppError } from '../../../base/errors.ts';
import type { MirrorCalls, WriterAnswer, WriterFault, WriterRequest } from './protocol.ts';

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The main thread's end of one writer thread, which is started by the first call. */
export class WriterClient {
  /** Mirrors that are open on this thread. */
  mirrors = 0;
  #worker: Worker | null = null;
  #nextId = 1;
  readonly #pending = new Map<number, Pending>();
  #broken: Error | null = null;

  call<K extends keyof MirrorCalls>(
    path: string,
    call: K,
    args: Parameters<MirrorCalls[K]>,
    transfer: ArrayBuffer[] = [],
  ): Promise<ReturnType<MirrorCalls[K]>> {
    return this.#post({ id: 0, path, call, args }, transfer) as Promise<ReturnType<MirrorCalls[K]>>;
  }

  async open(path: string, create: boolean): Promise<void> {
    await this.#post({ id: 0, path, call: 'open', args: [create] });
  }

  async close(path: string): Promise<void> {
    await this.#post({ id: 0, path, call: 'close', args: [] });
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
    this.#fail(new Error('The writer thread was stopped.'));
  }

  #post(request: WriterRequest, transfer: ArrayBuffer[] = []): Promise<unknown> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
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
      // Run from source (types stripped by Node) or from the build: the thread's file is what this one is.
      const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
      const worker = new Worker(new URL(`./writer-thread.${extension}`, import.meta.url));
      worker.on('message', (answer: WriterAnswer) => this.#settle(answer));
      worker.on('error', (error) => this.#fail(error));
      worker.on('exit', () => this.#fail(new Error('The writer thread ended.')));
      this.#worker = worker;
    }
    return this.#worker;
  }

  #settle(answer: WriterAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (this.#pending.size === 0) this.#worker?.unref();
    if (pending === undefined) return;
    if ('fault' in answer) pending.reject(errorOf(answer.fault));
    else pending.resolve(answer.value);
  }

  #fail(error: unknown): void {
    this.#broken ??= error instanceof Error ? error : new Error(String(error));
    for (const { reject } of this.#pending.values()) reject(this.#broken);
    this.#pending.clear();
  }
}

function errorOf({ code, message, hint, details }: WriterFault): Error {
  return code === null ? new Error(message) : new AppError(code, message, { hint, details });
}
