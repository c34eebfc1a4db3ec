import { isAppError } from '../base/errors.ts';
import { fullId } from '../base/record-id.ts';
import type { RecordError, WriteOutcome } from '../sync/ports/remote.ts';
import type { Attempt, WholeAnswer } from './api-call.ts';
import { recordError, recordErrors } from './record-error.ts';
import { remoteDetails, remoteError } from './remote-error.ts';

/**
 * What a write that ended without per-record results means for its records. Any 5xx may come after a commit, so
 * only limits, a refused login and a connection that never stood say for sure that nothing was done.
 */
export function failedWrite(failure: Extract<Attempt<WholeAnswer>, { ok: false }>): WriteOutcome {
  const { error, stage } = failure;
  if (stage === 'unsent') return { kind: 'not-done', error };
  if (isAppError(error, 'LOGIN_REQUIRED', 'REQUEST_LIMIT_EXCEEDED')) return { kind: 'not-done', error };
  const details = remoteDetails(error);
  const status = details?.status ?? 0;
  // No status: no answer came. 408 comes from something in between that waited for the org.
  if (status < 400 || status >= 500 || status === 408) return { kind: 'unknown', error };
  if (status === 420) return { kind: 'not-done', error };
  const said = failure.refusal ? recordErrors(failure.refusal.contentType, failure.refusal.body) : [];
  if (said.length > 0) return { kind: 'refused', errors: said };
  return { kind: 'refused', errors: [{ code: `HTTP_${status}`, message: error.message, fields: [] }] };
}

/** Refusals of one record that pass with time: the row was locked, or a limit was met. */
const passing = new Set(['UNABLE_TO_LOCK_ROW', 'REQUEST_LIMIT_EXCEEDED', 'SERVER_UNAVAILABLE']);

const rolledBack = 'ALL_OR_NONE_OPERATION_ROLLED_BACK';

/**
 * The results of a collections call, in order; null where they do not fit the records that were sent. `creates`:
 * each success is a new contact (an upsert's result says so itself). A record that was only rolled back shares
 * the fate of those that caused it: refused if one of them was, else not done.
 * Source: REST API Developer Guide, "sObject Collections".
 */
export function collectionOutcomes(
  results: unknown,
  sent: readonly { id?: string }[],
  creates: boolean,
): WriteOutcome[] | null {
  if (!Array.isArray(results) || results.length !== sent.length) return null;
  const errorsOf = results.map((result: { errors?: unknown }) =>
    Array.isArray(result?.errors) ? result.errors.map(recordError) : [],
  );
  const culprits = errorsOf.filter((errors) => errors.length > 0 && !isRolledBack(errors));
  const allPassing = culprits.length > 0 && culprits.every(isPassing);
  return results.map((result: { id?: unknown; success?: unknown; created?: unknown }, i) => {
    const errors = errorsOf[i] ?? [];
    if (result?.success === true) {
      const id = typeof result.id === 'string' ? result.id : sent[i]?.id;
      if (id === undefined) return { kind: 'unknown', error: noId() };
      return { kind: 'done', id: fullId(id), created: creates || result.created === true };
    }
    if (isPassing(errors) || (isRolledBack(errors) && allPassing)) return notDone(errors);
    return { kind: 'refused', errors: errors.length > 0 ? errors : [noReason] };
  });
}

const isRolledBack = (errors: RecordError[]) => errors.some((e) => e.code === rolledBack);
const isPassing = (errors: RecordError[]) => errors.length > 0 && errors.every((e) => passing.has(e.code));
const noReason: RecordError = {
  code: 'UNKNOWN_EXCEPTION',
  message: 'Salesforce gave no reason.',
  fields: [],
};

function notDone(errors: RecordError[]): WriteOutcome {
  const { code, message } = errors[0] ?? noReason;
  return {
    kind: 'not-done',
    error: remoteError(
      'SALESFORCE_ERROR',
      `Salesforce did not take the record for now: ${code}: ${message}`,
      { status: 200, errorCode: code, retryAfterMs: null, request: 'composite/sobjects' },
      { hint: 'It is sent again later.' },
    ),
  };
}

function noId(): Error {
  return remoteError('SALESFORCE_ERROR', 'Salesforce reported success without an Id.', {
    status: 200,
    errorCode: null,
    retryAfterMs: null,
    request: 'composite/sobjects',
  });
}
