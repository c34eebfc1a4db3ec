import { cutText } from '../base/cut-text.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import { AppError } from '../base/errors.ts';
import { printableLine } from '../base/printable.ts';
import type { RefusalKind } from '../base/refusal-kind.ts';
import { knownRefusalOf, unknownRefusal } from './oauth-refusals.ts';
import type { KnownRefusal, OAuthStep } from './refusals/known-refusal.ts';

/** What Salesforce said when it refused, in its own words but without the secrets of the request. */
export interface OAuthRefusal {
  error: string;
  description: string | null;
  /** HTTP status of a token or identity call; null where the refusal came back through the browser. */
  status: number | null;
  /** Null where it is not known any more. */
  during?: OAuthStep | null;
  /** The `Date` of the answer less this machine's time, milliseconds; null where it was not said. */
  clockAheadMs?: number | null;
}

const codeByKind: Record<RefusalKind, ErrorCode> = {
  passing: 'ORG_UNAVAILABLE',
  limit: 'REQUEST_LIMIT_EXCEEDED',
  login: 'LOGIN_FAILED',
  admin: 'LOGIN_FAILED',
  app: 'LOGIN_FAILED',
  clock: 'LOGIN_FAILED',
  record: 'LOGIN_FAILED',
};

/** Half of what Salesforce forgives an assertion (three minutes); within it, the clock is not to blame. */
const worthTellingMs = 90_000;
/** Of a foreign text; Salesforce's own are a line long. */
const maxWords = 300;

/** Finds the sentence and the hint for what Salesforce said. The original words stay in `details`. */
export function oauthError(refusal: OAuthRefusal, cause?: unknown): AppError {
  const { error, description, status } = refusal;
  const known = matching(refusal);
  const { kind, message, hint, code = codeByKind[kind] } = known ?? unknownRefusal;
  const said = words(error, description);
  const text =
    known === null
      ? `${message}: ${said}.`
      : kind === 'clock' && clockFault(refusal) !== null
        ? `${message} ${clockFault(refusal)}. (${said})`
        : `${message} (${said})`;
  return new AppError(code, text, {
    hint,
    details: {
      error: cutText(error, maxWords),
      error_description: description === null ? null : cutText(description, maxWords),
      status,
      kind,
      ...(kind === 'clock' && refusal.clockAheadMs != null ? { clockAheadMs: refusal.clockAheadMs } : {}),
    },
    cause,
  });
}

/** Another refresh of this token was under way: the answer says nothing about the grant. */
export function isRefreshRace(refusal: OAuthRefusal): boolean {
  return matching(refusal)?.race === true;
}

/** Whether a login helps where this refused a renewal. */
export function needsLogin(refusal: OAuthRefusal): boolean {
  return matching(refusal)?.needsLogin === true;
}

/**
 * Whether a refresh token that was refused so is over for good. Asked again of what was noted earlier too: what
 * is no end of a grant must not stay one because an older version took it for that.
 */
export function endsGrant({ error, description }: Pick<OAuthRefusal, 'error' | 'description'>): boolean {
  return matching({ error, description, status: null, during: 'refresh' })?.final === true;
}

function matching(refusal: OAuthRefusal): KnownRefusal | null {
  const { error, description, during = null } = refusal;
  const known = knownRefusalOf({ error, description, during });
  if (during === 'jwt' && known?.orClock === true && clockFault(refusal) !== null) {
    return knownRefusalOf({ error, description: 'expired assertion', during });
  }
  return known;
}

/** `This machine's clock is 10 min behind the org's`; null where the clocks agree or nothing is known. */
function clockFault({ clockAheadMs }: OAuthRefusal): string | null {
  if (clockAheadMs == null || Math.abs(clockAheadMs) < worthTellingMs) return null;
  return `This machine's clock is ${roughly(Math.abs(clockAheadMs))} ${clockAheadMs > 0 ? 'behind' : 'ahead of'} the org's`;
}

function roughly(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}

/** Foreign text goes to terminals and pages: one line, cut, without what a terminal would act upon. */
function words(error: string, description: string | null): string {
  return cutText(printableLine(description ? `${error}: ${description}` : error), maxWords);
}
