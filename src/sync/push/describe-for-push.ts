import { isAppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import type { Field } from '../ports/field.ts';
import type { PushJob } from './push-job.ts';

/**
 * All fields of the org, those that the mirror leaves out included. What is only queued may be checked against
 * the describe of the mirror, where the org cannot be asked now, or asks for a login.
 */
export async function describeForPush(
  {
    clock,
    log,
    mirror,
    records,
    remote,
  }: Pick<SyncContext, 'clock' | 'log' | 'mirror' | 'records' | 'remote'>,
  { queue, signal }: Pick<PushJob, 'queue' | 'signal'>,
): Promise<readonly Field[]> {
  try {
    const describe = await records.describe({ signal });
    if (describe === 'not-modified') return await mirror.schema.fields();
    await mirror.schema.applyDescribe(describe, clock.now());
    return describe.fields;
  } catch (error) {
    const later = isAppError(
      error,
      'NETWORK_UNREACHABLE',
      'ORG_UNAVAILABLE',
      'TIMEOUT',
      'REQUEST_LIMIT_EXCEEDED',
      'API_BUDGET_EXHAUSTED',
      'REFUSED_FOR_NOW',
    );
    const needsLogin = isAppError(error, 'LOGIN_REQUIRED');
    const stored = queue && (later || needsLogin) ? await mirror.schema.fields() : [];
    if (stored.length === 0) throw error;
    const checked = 'the records are checked against the fields it had last';
    if (!needsLogin) log.warn(`${remote.instanceUrl}: the org cannot be asked now; ${checked}`);
    // The hint is last, for it ends with a command.
    else
      log.warn(`${error.message} What is queued waits until then; ${checked}. ${error.hint ?? ''}`.trimEnd());
    return stored;
  }
}
