import { createHash } from 'node:crypto';
import type { Answer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import type { ApiContext } from './api-context.ts';

const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
/** Idempotent record writes begin with this version (UI API, "Prevent Record Duplication"). */
const sinceVersion = 56;

/**
 * Runs a write of the UI API once per Idempotency-Key: the answer of a done write is given again for 30 days ("the
 * response for a server data mutation operation is stored"); a refused write changed nothing and may be tried
 * again. 400 where the org or version does not support it, or the key is no UUID v4 or was used for another
 * request.
 */
export function onceByKey(request: ApiRequest, context: ApiContext, work: () => Answer): Answer {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return work();
  const { emulation, actor, versionNumber } = context;
  if (!emulation.settings.idempotency || versionNumber < sinceVersion) {
    throw apiError(
      400,
      'IDEMPOTENCY_NOT_SUPPORTED',
      'Idempotency not supported. Remove the Idempotency-Key header and try again.',
    );
  }
  if (!uuidV4.test(key)) {
    throw apiError(400, 'INVALID_IDEMPOTENCY_KEY', 'The Idempotency-Key header must be a UUID version 4.');
  }
  const fingerprint = createHash('sha256')
    .update(`${request.method} ${request.path.replace(/\/v\d+\.0\//, '/')}\n`)
    .update(request.body)
    .digest('hex');
  const { org } = emulation;
  const kept = org.answers.find(actor.userId, key);
  if (kept) {
    if (kept.fingerprint === fingerprint) return JSON.parse(kept.answer) as Answer;
    throw apiError(
      400,
      'IDEMPOTENCY_KEY_ALREADY_USED',
      'The Idempotency-Key was already used with a different request.',
    );
  }
  return org.transaction(() => {
    const answer = work();
    if (answer.status < 300) {
      org.answers.keep(actor.userId, key, { fingerprint, answer: JSON.stringify(answer) });
    }
    return answer;
  });
}
