import { startInlineWriter } from '../../src/store/sqlite/writer/inline-writer.ts';
import type { WriterAnswer } from '../../src/store/sqlite/writer/protocol.ts';
import type { WriterWorker } from '../../src/store/sqlite/writer/writer-worker.ts';

/**
 * An inline writer whose requests and answers cannot be changed: both sides have the same objects, so whatever one of
 * them changed of its own would change under the other.
 */
export function startFrozenWriter(): WriterWorker {
  const writer = startInlineWriter();
  const post = writer.postMessage.bind(writer);
  writer.postMessage = (request: unknown, ...rest: unknown[]) =>
    (post as (...args: unknown[]) => void)(frozen(request), ...rest);
  // The first to hear of an answer.
  writer.on('message', (answer: WriterAnswer) => void frozen(answer));
  return writer;
}

function frozen<T>(value: T): T {
  // What holds bytes cannot be frozen.
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Object.isFrozen(value)) return value;
  Object.freeze(value);
  if (value instanceof Map) for (const pair of value) frozen(pair);
  else for (const member of Object.values(value)) frozen(member);
  return value;
}
