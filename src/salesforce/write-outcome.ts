import { isAppError } from '../base/errors.ts';
import { fullId, isIdOf, sameId } from '../org/record-id.ts';
import type { SyncedObject } from '../org/synced-object.ts';
import type { RecordError, WriteOutcome } from '../sync/ports/record-writes.ts';
import type { Attempt, WholeAnswer } from './api-call.ts';
import { faultsOfRecord, recordError } from './record-error.ts';
import { passesByItself, refusalOf } from './refusals.ts';
import { remoteDetails, remoteError } from './remote-error.ts';

type Failure = Extract<Attempt<WholeAnswer>, { ok: false }>;

/**
 * What a write that ended without per-record results means for its records. Any 5xx may come after a commit, and
 * any 4xx may come from something that stands between us and the org. Only a refused login, a limit, a fault that
 * is the record's own and a connection that never stood say for sure that nothing was done.
 */
export function failedWrite(failure: Failure, object: SyncedObject): WriteOutcome {
  const { error, stage } = failure;
  if (stage === 'unsent' || isPlainRefusal(failure)) return { kind: 'not-done', error };
  const status = remoteDetails(error)?.status ?? 0;
  const clientError = status >= 400 && status < 500;
  const said =
    stage === 'refused' && clientError && failure.refusal
      ? faultsOfRecord(object, failure.refusal.contentType, failure.refusal.body)
      : null;
  if (said === null) return { kind: 'unknown', error };
  return isPassing(said) ? notDone(said) : { kind: 'refused', errors: said };
}

/** A refused login (401, or 403 with its code) or a limit (403, 429): the request was not carried out. */
function isPlainRefusal({ error }: Failure): boolean {
  const status = remoteDetails(error)?.status ?? 0;
  if (status === 401 || status === 429) return true;
  return status === 403 && isAppError(error, 'LOGIN_REQUIRED', 'REQUEST_LIMIT_EXCEEDED');
}

/** What a record's result says where it was undone, or not begun, because of another record. */
const rolledBack = new Set([
  'ALL_OR_NONE_OPERATION_ROLLED_BACK',
  'PROCESSING_HALTED',
  'BATCH_PROCESSING_HALTED',
]);

/**
 * The results of a collections call, in order; null where they do not fit the records that were sent. `creates`:
 * each success is a new record (an upsert's result says so itself). A record that was only rolled back, and with
 * `allOrNone` each, shares the fate of those that caused it: refused if one of them was, else not done. A success with an
 * Id that cannot be the record's says nothing of what became of it.
 * Source: REST API Developer Guide, "sObject Collections".
 */
export function collectionOutcomes(
  results: unknown,
  sent: readonly { id?: string }[],
  { object, creates, allOrNone }: { object: SyncedObject; creates: boolean; allOrNone: boolean },
): WriteOutcome[] | null {
  if (!Array.isArray(results) || results.length !== sent.length) return null;
  const errorsOf = results.map((result: { errors?: unknown }) =>
    Array.isArray(result?.errors) ? result.errors.map((error) => recordError(object, error)) : [],
  );
  const culprits = errorsOf.filter((errors, i) => results[i]?.success === false && !isRolledBack(errors));
  const allPassing = culprits.length > 0 && culprits.every(isPassing);
  const made = new Set<string>();
  return results.map((result: { id?: unknown; success?: unknown; created?: unknown }, i) => {
    const errors = errorsOf[i] ?? [];
    if (result?.success === true) {
      const created = creates || result.created === true;
      const id = idOf(result.id, sent[i]?.id, object);
      if (id === null || (created && made.has(id))) return { kind: 'unknown', error: noId() };
      made.add(id);
      return { kind: 'done', id, created };
    }
    // Neither a success nor a refusal: nothing is known of it.
    if (result?.success !== false) return { kind: 'unknown', error: noResult() };
    // Where all fall together, what passes by itself must not be tried again without those that were refused.
    if (allPassing ? isPassing(errors) || isRolledBack(errors) : !allOrNone && isPassing(errors))
      return notDone(errors);
    return { kind: 'refused', errors: errors.length > 0 ? errors : [noReason] };
  });
}

/** Of a record that was there before, the one that was sent; null where the answer names none, or another one. */
function idOf(answered: unknown, sent: string | undefined, object: SyncedObject): string | null {
  if (answered === undefined || answered === null) return sent === undefined ? null : fullId(sent);
  if (!isIdOf(object.keyPrefix, answered) || (sent !== undefined && !sameId(answered, sent))) return null;
  return fullId(answered);
}

const isRolledBack = (errors: RecordError[]) => errors.some((e) => rolledBack.has(e.code));
const isPassing = (errors: RecordError[]) =>
  errors.length > 0 && errors.every(({ code }) => passesByItself(code));
const noReason: RecordError = {
  code: 'UNKNOWN_EXCEPTION',
  message: 'Salesforce gave no reason.',
  fields: [],
};

function notDone(errors: RecordError[]): WriteOutcome {
  const { code, message } = errors[0] ?? noReason;
  const refusal = refusalOf(code);
  return {
    kind: 'not-done',
    ofRecord: true,
    error: remoteError(
      refusal?.kind === 'limit' ? 'REQUEST_LIMIT_EXCEEDED' : 'REFUSED_FOR_NOW',
      `Salesforce did not take the record for now: ${code}: ${message}`,
      {
        status: 200,
        errorCode: code,
        retryAfterMs: null,
        request: 'a record',
        ...(refusal?.kind === 'limit' ? { limit: 'other' as const } : {}),
      },
      { hint: refusal?.hint ?? 'It is sent again later.' },
    ),
  };
}

function noResult(): Error {
  return remoteError('SALESFORCE_ERROR', 'Salesforce did not say what became of the record.', {
    status: 200,
    errorCode: null,
    retryAfterMs: null,
    request: 'composite/sobjects',
  });
}

function noId(): Error {
  return remoteError(
    'SALESFORCE_ERROR',
    'Salesforce reported success without an Id that the record can have.',
    {
      status: 200,
      errorCode: null,
      retryAfterMs: null,
      request: 'composite/sobjects',
    },
  );
}
