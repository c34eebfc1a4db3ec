import { parentPort } from 'node:worker_threads';
import { AppError, messageOf } from '../../../base/errors.ts';
import { SharedBuffers } from '../../page/shared-buffers.ts';
import { mapSqliteFault } from '../sqlite-fault.ts';
import { MirrorWriter } from './mirror-writer.ts';
import { endOfThread, type WriterAnswer, type WriterFault, type WriterRequest } from './protocol.ts';
import { threadEnded } from './thread-ended.ts';

/** Serves requests in the order of their arrival; the entry point of a writer thread. */
function serve(port: NonNullable<typeof parentPort>): void {
  const writers = new Map<string, MirrorWriter>();
  const buffers = new SharedBuffers();
  const answer = (message: WriterAnswer) => port.postMessage(message);
  port.on('message', (request: WriterRequest | typeof endOfThread) => {
    if (request === endOfThread) {
      for (const writer of writers.values()) writer.close();
      // Nothing keeps the thread then, and it ends.
      port.close();
      return;
    }
    try {
      answer({ id: request.id, value: perform(writers, buffers, request) });
    } catch (error) {
      answer({ id: request.id, fault: faultOf(mapSqliteFault(error, pathOf(writers, request))) });
    }
  });
}

function perform(
  writers: Map<string, MirrorWriter>,
  buffers: SharedBuffers,
  request: WriterRequest,
): unknown {
  const { mirror } = request;
  const writer = writers.get(mirror);
  if (request.call === 'open') {
    const [path, create] = request.args;
    if (writer === undefined) writers.set(mirror, new MirrorWriter(path, create, buffers));
    return undefined;
  }
  if (request.call === 'close') {
    writer?.close();
    writers.delete(mirror);
    return undefined;
  }
  // It was opened on a thread that has died since.
  if (writer === undefined) throw threadEnded();
  return writer.perform(request.call, request.args, request.fences);
}

function pathOf(writers: Map<string, MirrorWriter>, { mirror, call, args }: WriterRequest): string {
  return call === 'open' ? String(args[0]) : (writers.get(mirror)?.path ?? mirror);
}

function faultOf(error: Error): WriterFault {
  if (error instanceof AppError) {
    return { code: error.code, message: error.message, hint: error.hint, details: error.details };
  }
  return { code: null, message: messageOf(error), hint: undefined, details: undefined };
}

if (parentPort !== null) serve(parentPort);
