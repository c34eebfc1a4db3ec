import { throwIfAborted } from '../base/abort.ts';
import { fullId, isIdOf } from '../org/record-id.ts';
import type { SyncedObject } from '../org/synced-object.ts';
import type { IdempotentCreate, WriteOptions, WriteOutcome } from '../sync/ports/record-writes.ts';
import type { Attempt, WholeAnswer } from './api-call.ts';
import type { ApiClient } from './api-client.ts';
import { recordErrors } from './record-error.ts';
import { remoteDetails } from './remote-error.ts';
import { parseObject, unexpectedAnswer } from './unexpected-answer.ts';
import { failedWrite } from './write-outcome.ts';

/** Idempotency-Key is honoured from this API version on. */
const firstVersion = 56;

/** Codes of the documented 400 that says: this org does not do it, and nothing was created. */
const unsupportedCodes = new Set(['IDEMPOTENCY_NOT_SUPPORTED', 'IDEMPOTENCY_FEATURE_NOT_ENABLED']);

/**
 * The documentation gives this 400 in words only and names no code for it, so the words decide beside the codes
 * that are known. Source: as below, "HTTP Status Error Codes".
 */
const unsupportedWords = /\bidempotency (is )?not supported\b/i;

/**
 * `POST /ui-api/records` with an Idempotency-Key: sent again with the same key and body, Salesforce answers as the
 * first time instead of creating a second record. Not through jsforce, which has no UI API.
 * Source: User Interface API Developer Guide, "Create a Record", "Prevent Record Duplication with Idempotent
 * Record Writes".
 */
export async function createIdempotent(
  { client, root, apiVersion }: { client: ApiClient; root: string; apiVersion: string },
  object: SyncedObject,
  { key, fields }: IdempotentCreate,
  { allowDuplicates, confirm, signal }: WriteOptions,
): Promise<WriteOutcome | 'unsupported'> {
  throwIfAborted(signal);
  if (Number.parseFloat(apiVersion) < firstVersion) return 'unsupported';
  const body = { apiName: object.name, fields, ...(allowDuplicates ? { allowSaveOnDuplicate: true } : {}) };
  const attempt = await client.once({
    kind: 'push',
    method: 'POST',
    path: `${root}/ui-api/records`,
    headers: { 'idempotency-key': key },
    body: JSON.stringify(body),
    confirm,
    signal,
  });
  if (attempt.ok) {
    try {
      const { id } = parseObject(attempt.answer.text, 'ui-api/records', attempt.answer);
      if (isIdOf(object.keyPrefix, id)) return { kind: 'done', id: fullId(id), created: true };
    } catch (error) {
      return { kind: 'unknown', error: error as Error };
    }
    return { kind: 'unknown', error: unexpectedAnswer('ui-api/records', attempt.answer) };
  }
  return saysUnsupported(attempt, object) ? 'unsupported' : failedWrite(attempt, object);
}

/**
 * Whether the answer is the documented refusal of Idempotency-Keys. Nothing else may count as one: whoever takes
 * another refusal for it sends the record by a second way, and an earlier 404 may have come after the commit.
 */
function saysUnsupported(
  { stage, error, refusal }: Extract<Attempt<WholeAnswer>, { ok: false }>,
  object: SyncedObject,
): boolean {
  const details = remoteDetails(error);
  if (stage !== 'refused' || details?.status !== 400) return false;
  if (unsupportedCodes.has(details.errorCode ?? '')) return true;
  const said = refusal ? recordErrors(object, refusal.contentType, refusal.body) : [];
  return said.some(({ message }) => unsupportedWords.test(message));
}
