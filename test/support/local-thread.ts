import { EventEmitter } from 'node:events';
import { messageOf } from '../../src/base/errors.ts';
import {
  endOfThread,
  type WriterAnswer,
  type WriterRequest,
} from '../../src/store/sqlite/writer/protocol.ts';
import { serve } from '../../src/store/sqlite/writer/writer-thread.ts';
import type { WriterWorker } from '../../src/store/sqlite/writer/writer-worker.ts';

/** Does what a request asks for, or fails in its place. */
type Around = (call: WriterRequest['call'], work: () => void) => Promise<void>;

/** A writer thread that is none: its requests are served by whoever sends them, without the 30 ms that a thread takes. */
export function startLocalThread(around: Around): WriterWorker {
  return new LocalThread(around);
}

class LocalThread extends EventEmitter implements WriterWorker {
  readonly #port: LocalPort;
  readonly #around: Around;

  constructor(around: Around) {
    super();
    this.#around = around;
    this.#port = new LocalPort(() => this.emit('exit', 0));
    serve(this.#port);
  }

  postMessage(request: WriterRequest | typeof endOfThread): void {
    void this.#serve(request);
  }

  ref(): void {}

  unref(): void {}

  async terminate(): Promise<number> {
    return 0;
  }

  async #serve(request: WriterRequest | typeof endOfThread): Promise<void> {
    // Whoever waits for the answer to come listens from the next turn on.
    await null;
    if (request === endOfThread) {
      this.#port.emit('message', request);
      return;
    }
    let answer: WriterAnswer | null = null;
    try {
      await this.#around(request.call, () => {
        answer = this.#port.answerTo(copied(request));
      });
    } catch (error) {
      const fault = { code: null, message: messageOf(error), hint: undefined, details: undefined };
      answer = { id: request.id, fault };
    }
    this.emit('message', answer);
  }
}

/** As it comes out of the other end; the block of a page is handed over as it is. */
function copied(request: WriterRequest): WriterRequest {
  return request.call === 'addBlock' ? request : structuredClone(request);
}

class LocalPort extends EventEmitter {
  readonly #closed: () => void;
  #answer: WriterAnswer | null = null;

  constructor(closed: () => void) {
    super();
    this.#closed = closed;
  }

  postMessage(answer: WriterAnswer): void {
    this.#answer = answer;
  }

  close(): void {
    this.#closed();
  }

  answerTo(request: WriterRequest): WriterAnswer | null {
    this.emit('message', request);
    return this.#answer;
  }
}
