import { errorCodeOf } from '../base/error-codes.ts';
import { AppError } from '../base/errors.ts';
import type { ErrorInfo } from '../contract/error-info.ts';
import { exitCodeOf } from './exit-codes.ts';

export interface OrgOutcome {
  instanceUrl: string;
  error: ErrorInfo | null;
}

/**
 * What the orgs' errors come to for the whole command: nothing, the one error, PARTIAL where others are done,
 * INTERRUPTED where a signal cut in.
 */
export function failureOfOrgs(orgs: readonly OrgOutcome[]): AppError | null {
  const failed = orgs.filter((org) => org.error !== null) as { instanceUrl: string; error: ErrorInfo }[];
  const [first] = failed;
  if (first === undefined) return null;
  const interrupted = failed.find(({ error }) => error.code === 'INTERRUPTED');
  if (interrupted) return appErrorOf(interrupted.error);
  if (orgs.length === 1) return appErrorOf(first.error);
  const details = { orgs: failed.map(({ instanceUrl, error }) => ({ instanceUrl, error })) };
  if (failed.length < orgs.length) {
    return new AppError('PARTIAL', `${failed.length} of ${orgs.length} orgs failed; the others are done.`, {
      hint: 'See the error of each org, mend it and run the same command again.',
      details,
    });
  }
  const alike = failed.every(({ error }) => exitCodeOf(error.code) === exitCodeOf(first.error.code));
  return new AppError(
    alike ? errorCodeOf(first.error.code) : 'ALL_ORGS_FAILED',
    `All ${orgs.length} orgs failed, ${first.instanceUrl} because: ${first.error.message}`,
    { hint: first.error.hint ?? undefined, details },
  );
}

/** The same of runs: one that a signal cut short is no success, whether or not its item says why. */
export function failureOfRuns(
  runs: readonly (OrgOutcome & { status: string })[],
  what: 'backfill' | 'reconcile',
): AppError | null {
  return failureOfOrgs(
    runs.map(({ instanceUrl, status, error }) => {
      if (status !== 'interrupted' && error?.code !== 'INTERRUPTED') return { instanceUrl, error };
      const interrupted = { code: 'INTERRUPTED', message: `The ${what} was interrupted.`, details: null };
      return { instanceUrl, error: { ...interrupted, ...error, hint: error?.hint ?? null } };
    }),
  );
}

/** For details of what is of one org alone; nothing where it is of several. */
export function onlyOrg(orgs: readonly Pick<OrgOutcome, 'instanceUrl'>[]): { instanceUrl?: string } {
  const [first, ...others] = orgs;
  return first === undefined || others.length > 0 ? {} : { instanceUrl: first.instanceUrl };
}

export function appErrorOf({ code, message, hint, details }: ErrorInfo): AppError {
  return new AppError(errorCodeOf(code), message, { hint: hint ?? undefined, details });
}
