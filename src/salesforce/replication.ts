import { fullId, isIdOf } from '../org/record-id.ts';
import type { SyncedObject } from '../org/synced-object.ts';
import type { DeletedAnswer, UpdatedAnswer, Window } from '../sync/ports/record-changes.ts';
import { answerBounds } from './answer-bounds.ts';
import { instantOf, isObject } from './answer-values.ts';
import type { WholeAnswer } from './api-call.ts';
import { type JsforceCall, type JsforceOptions, jsforceCall, jsforceError } from './jsforce-call.ts';
import { unexpectedAnswer } from './unexpected-answer.ts';

/** `GET /sobjects/{object}/updated`. Source: REST API Developer Guide, "sObject Get Updated". */
export async function updatedRecords(
  jsforce: JsforceOptions,
  object: SyncedObject,
  { start, end }: Window,
  signal: AbortSignal | undefined,
): Promise<UpdatedAnswer> {
  const { body, answer } = await ask(jsforce, signal, 'updated', (call) =>
    call.connection.updated(object.name, new Date(start), new Date(end)),
  );
  if (!Array.isArray(body.ids)) throw unexpectedAnswer('updated', answer);
  return {
    ids: body.ids.map((id: unknown) => recordId(object, id, 'updated', answer)),
    latestDateCovered: time(body.latestDateCovered, 'updated', answer),
    ...moment(answer),
  };
}

/** `GET /sobjects/{object}/deleted`. Source: REST API Developer Guide, "sObject Get Deleted". */
export async function deletedRecords(
  jsforce: JsforceOptions,
  object: SyncedObject,
  { start, end }: Window,
  signal: AbortSignal | undefined,
): Promise<DeletedAnswer> {
  const { body, answer } = await ask(jsforce, signal, 'deleted', (call) =>
    call.connection.deleted(object.name, new Date(start), new Date(end)),
  );
  if (!Array.isArray(body.deletedRecords)) throw unexpectedAnswer('deleted', answer);
  return {
    records: body.deletedRecords.map((record: unknown) => {
      if (!isObject(record) || instantOf(record.deletedDate) === null) {
        throw unexpectedAnswer('deleted', answer);
      }
      return { id: recordId(object, record.id, 'deleted', answer), deletedDate: String(record.deletedDate) };
    }),
    earliestDateAvailable: time(body.earliestDateAvailable, 'deleted', answer),
    latestDateCovered: time(body.latestDateCovered, 'deleted', answer),
    ...moment(answer),
  };
}

async function ask(
  jsforce: JsforceOptions,
  signal: AbortSignal | undefined,
  what: 'updated' | 'deleted',
  send: (call: JsforceCall) => Promise<unknown>,
): Promise<{ body: Record<string, unknown>; answer: WholeAnswer }> {
  const call = await jsforceCall(jsforce, { kind: 'pull', bounds: answerBounds[what], signal });
  const body = await send(call).catch((error: unknown) => {
    throw jsforceError(error);
  });
  const attempt = call.attempt();
  if (!attempt?.ok || !isObject(body)) throw unexpectedAnswer(what, null);
  return { body, answer: attempt.answer };
}

function moment(answer: WholeAnswer): { answeredAt: number; durationMs: number; readAt: number } {
  // The cursor is held back by this header, so an answer without it cannot be trusted to move one.
  if (answer.date === null) throw unexpectedAnswer('the Date of an answer', answer);
  return { answeredAt: answer.date, durationMs: answer.durationMs, readAt: answer.readAt };
}

/** null where the answer says none. */
function time(value: unknown, what: string, answer: WholeAnswer): number | null {
  if (value === null || value === undefined) return null;
  const ms = instantOf(value);
  if (ms === null) throw unexpectedAnswer(what, answer);
  return ms;
}

function recordId({ keyPrefix }: SyncedObject, value: unknown, what: string, answer: WholeAnswer): string {
  if (!isIdOf(keyPrefix, value)) throw unexpectedAnswer(what, answer);
  return fullId(value);
}
