import { throwIfAborted } from '../base/abort.ts';
import { AppError } from '../base/errors.ts';
import type { SyncedObject } from '../org/synced-object.ts';
import type { WriteOptions, WriteOutcome } from '../sync/ports/record-writes.ts';
import { answerBounds } from './answer-bounds.ts';
import { type JsforceCall, type JsforceOptions, jsforceCall, jsforceError } from './jsforce-call.ts';
import { unexpectedAnswer } from './unexpected-answer.ts';
import { collectionOutcomes, failedWrite } from './write-outcome.ts';

type Rec = Record<string, unknown>;
type Options = WriteOptions & { allOrNone?: boolean };

/** Records of one collections request. Source: REST API Developer Guide, "sObject Collections". */
const maxRecords = 200;

export function createMany(
  jsforce: JsforceOptions,
  object: SyncedObject,
  records: readonly Rec[],
  options: Options = {},
) {
  return write(jsforce, object, records, options, {
    send: (call, part, own) => call.connection.create(object.name, part, own),
    creates: true,
  });
}

export function updateMany(
  jsforce: JsforceOptions,
  object: SyncedObject,
  records: readonly Rec[],
  options: Options = {},
) {
  return write(jsforce, object, records, options, {
    send: (call, part, own) => call.connection.update(object.name, part as (Rec & { Id: string })[], own),
    idOf: (record) => String(record.Id),
  });
}

export function deleteMany(
  jsforce: JsforceOptions,
  object: SyncedObject,
  ids: readonly string[],
  options: Options = {},
) {
  return write(jsforce, object, ids, options, {
    send: (call, part, own) => call.connection.destroy(object.name, part, own),
    idOf: (id) => id,
  });
}

/** A record that matches several of the org is refused by Salesforce (DUPLICATE_EXTERNAL_ID). */
export function upsertMany(
  jsforce: JsforceOptions,
  object: SyncedObject,
  field: string,
  records: readonly Rec[],
  options: Options = {},
) {
  return write(jsforce, object, records, options, {
    send: (call, part, own) => call.connection.upsert(object.name, part, field, own),
  });
}

/** What tells one kind of write from another. */
interface Operation<T> {
  send(call: JsforceCall, part: T[], own: { allOrNone: boolean }): Promise<unknown>;
  idOf?(record: T): string;
  creates?: boolean;
}

async function write<T>(
  jsforce: JsforceOptions,
  object: SyncedObject,
  records: readonly T[],
  options: Options,
  operation: Operation<T>,
): Promise<WriteOutcome[]> {
  throwIfAborted(options.signal);
  if (records.length === 0) return [];
  if (records.length > maxRecords) {
    const sentence = `A request takes at most ${maxRecords} records, not ${records.length}.`;
    throw new AppError('INVALID_INPUT', sentence);
  }
  return writeParts(jsforce, object, records, options, operation);
}

/**
 * Sends records once and tells what became of each. Where Salesforce refuses the request as a whole for a fault
 * of one record (400), nothing of it was done, so its halves are sent apart until the culprit stands alone; not with
 * `allOrNone`, where all fall together.
 */
async function writeParts<T>(
  jsforce: JsforceOptions,
  object: SyncedObject,
  records: readonly T[],
  options: Options,
  operation: Operation<T>,
): Promise<WriteOutcome[]> {
  const { allOrNone = false, allowDuplicates, confirm, signal } = options;
  const headers: Record<string, string> = {
    // Some 20 KB at most, which take longer to pack and unpack than to come as they are.
    'accept-encoding': 'identity',
    ...(allowDuplicates ? { 'sforce-duplicate-rule-header': 'allowSave=true' } : {}),
  };
  const bounds = answerBounds.write;
  const call = await jsforceCall(jsforce, { kind: 'push', bounds, headers, confirm, signal });
  const all = (outcome: WriteOutcome) => records.map(() => outcome);
  let results: unknown;
  try {
    results = await operation.send(call, [...records], { allOrNone });
  } catch (error) {
    const { outcome, divisible } = refusal(object, call.attempt(), jsforceError(error));
    if (!divisible || allOrNone || records.length === 1) return all(outcome);
    const half = Math.ceil(records.length / 2);
    return [
      ...(await writeParts(jsforce, object, records.slice(0, half), options, operation)),
      ...(await writeParts(jsforce, object, records.slice(half), options, operation)),
    ];
  }
  const attempt = call.attempt();
  const answer = attempt?.ok ? attempt.answer : null;
  const sent = records.map((record) => ({ id: operation.idOf?.(record) }));
  return (
    collectionOutcomes(results, sent, { object, creates: operation.creates === true, allOrNone }) ??
    all({ kind: 'unknown', error: unexpectedAnswer('composite/sobjects', answer) })
  );
}

/** What a request without results means for all its records, and whether one of them alone may be the cause. */
function refusal(
  object: SyncedObject,
  attempt: ReturnType<JsforceCall['attempt']>,
  error: Error,
): { outcome: WriteOutcome; divisible: boolean } {
  if (attempt === null) {
    // jsforce did not like a record and sent nothing.
    const errors = [{ code: 'INVALID_INPUT', message: error.message, fields: [] }];
    return { outcome: { kind: 'refused', errors }, divisible: true };
  }
  if (attempt.ok) return { outcome: { kind: 'unknown', error }, divisible: false };
  const outcome = failedWrite(attempt, object);
  return { outcome, divisible: outcome.kind === 'refused' };
}
