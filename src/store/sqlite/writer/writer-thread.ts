import { type MessagePort, parentPort } from 'node:worker_threads';
import { AppError, messageOf } from '../../../base/errors.ts';
import type { BatchOutcome } from '../../../sync/ports/mirror.ts';
import { SharedBuffers } from '../../page/shared-buffers.ts';
import type { Fence } from '../../write-kinds.ts';
import { mapSqliteFault } from '../sqlite-fault.ts';
import type { IncomingPage } from './incoming-page.ts';
import { MirrorWriter } from './mirror-writer.ts';
import {
  type BatchOrder,
  endOfThread,
  type WriterAnswer,
  type WriterFault,
  type WriterRequest,
} from './protocol.ts';
import { threadEnded } from './thread-ended.ts';

/** What one mirror has on this thread. */
interface OpenMirror {
  writer: MirrorWriter;
  /** Those on their way in, by the numbers that their sender gave them. */
  pages: Map<number, IncomingPage>;
}

/** Where requests come from, and answers go to. */
export interface WriterPort extends Pick<MessagePort, 'postMessage' | 'close'> {
  on(event: 'message', listener: (request: WriterRequest | typeof endOfThread) => void): unknown;
}

class WriterThread {
  readonly #mirrors = new Map<string, OpenMirror>();
  readonly #buffers = new SharedBuffers();

  perform(request: WriterRequest): unknown {
    if (request.call === 'open') return this.#open(request.mirror, ...request.args);
    if (request.call === 'close') return this.#close(request.mirror);
    if (request.path !== undefined) this.#open(request.mirror, request.path, false);
    const mirror = this.#mirrors.get(request.mirror);
    // It was opened on a thread that has died since.
    if (mirror === undefined) throw threadEnded();
    const { writer, pages } = mirror;
    switch (request.call) {
      case 'beginPage': {
        const [page, head] = request.args;
        pages.set(page, writer.beginPage(head));
        return undefined;
      }
      case 'addBlock': {
        const [page, block] = request.args;
        // A block that was under way when its page was dropped.
        pages.get(page)?.reader.add(block);
        // Frees the megabyte now; the garbage collector would let dozens of them pile up.
        block.buffer.transfer(0);
        return undefined;
      }
      case 'dropPage':
        return drop(pages, ...request.args);
      case 'commit':
        return commit(mirror, ...request.args, request.fences);
      default:
        return writer.perform(request.call, request.args, request.fences);
    }
  }

  /** Where the mirror's file lies, for what is told of a request. */
  pathOf(request: WriterRequest): string {
    return request.call === 'open'
      ? request.args[0]
      : (request.path ?? this.#mirrors.get(request.mirror)?.writer.path ?? request.mirror);
  }

  closeAll(): void {
    for (const mirror of [...this.#mirrors.keys()]) this.#close(mirror);
  }

  #open(mirror: string, path: string, create: boolean): void {
    if (this.#mirrors.has(mirror)) return;
    this.#mirrors.set(mirror, { writer: new MirrorWriter(path, create, this.#buffers), pages: new Map() });
  }

  #close(name: string): void {
    const mirror = this.#mirrors.get(name);
    if (mirror === undefined) return;
    for (const page of [...mirror.pages.keys()]) drop(mirror.pages, page);
    mirror.writer.close();
    this.#mirrors.delete(name);
  }
}

function commit({ writer, pages }: OpenMirror, order: BatchOrder, fences: readonly Fence[]): BatchOutcome {
  const { page } = order;
  if (page === null) return writer.commit(order, null, fences);
  const incoming = pages.get(page);
  // It was begun on a thread that has died since.
  if (incoming === undefined) throw threadEnded();
  const outcome = writer.commit(order, incoming, fences);
  try {
    drop(pages, page);
  } catch {
    // Its rows are stored: that what they came in cannot be removed is no failure of theirs, and is swept up later.
    pages.delete(page);
  }
  return outcome;
}

function drop(pages: OpenMirror['pages'], page: number): void {
  pages.get(page)?.remove();
  pages.delete(page);
}

/** Serves requests in the order of their arrival, until it is told to end. */
export function serve(port: WriterPort): void {
  const thread = new WriterThread();
  const answer = (message: WriterAnswer) => port.postMessage(message);
  port.on('message', (request: WriterRequest | typeof endOfThread) => {
    if (request === endOfThread) {
      thread.closeAll();
      // Nothing keeps the thread then, and it ends.
      port.close();
      return;
    }
    try {
      answer({ id: request.id, value: thread.perform(request) });
    } catch (error) {
      answer({ id: request.id, fault: faultOf(mapSqliteFault(error, thread.pathOf(request))) });
    }
  });
}

function faultOf(error: Error): WriterFault {
  if (error instanceof AppError) {
    return { code: error.code, message: error.message, hint: error.hint, details: error.details };
  }
  return { code: null, message: messageOf(error), hint: undefined, details: undefined };
}

if (parentPort !== null) serve(parentPort);
