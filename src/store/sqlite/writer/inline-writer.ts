import { EventEmitter } from 'node:events';
import type { endOfThread, WriterAnswer, WriterRequest } from './protocol.ts';
import { serve, type WriterPort } from './writer-thread.ts';
import type { WriterWorker } from './writer-worker.ts';

/**
 * What a writer thread does, done by the thread that asks: each request in a turn of its own, so that what came from the
 * network meanwhile is seen to between two. Requests and answers are not copied; neither side changes one.
 */
export function startInlineWriter(): WriterWorker {
  return new InlineWriter();
}

class InlineWriter extends EventEmitter implements WriterWorker {
  readonly #port: InlinePort;

  constructor() {
    super();
    this.#port = new InlinePort(this);
    serve(this.#port);
  }

  postMessage(request: WriterRequest | typeof endOfThread): void {
    setImmediate(() => {
      try {
        this.#port.emit('message', request);
      } catch (error) {
        // A thread that fails outside of a request dies, and its process does not.
        this.emit('error', error);
      }
    });
  }

  // A request that waits for its turn keeps the process alive by itself.
  ref(): void {}

  unref(): void {}

  async terminate(): Promise<number> {
    return 0;
  }
}

class InlinePort extends EventEmitter implements WriterPort {
  readonly #worker: EventEmitter;

  constructor(worker: EventEmitter) {
    super();
    this.#worker = worker;
  }

  postMessage(answer: WriterAnswer): void {
    this.#worker.emit('message', answer);
  }

  close(): void {
    this.#worker.emit('exit');
  }
}
