import type { ReportedUsage, Used } from '../sync/ports/call-ledger.ts';
import { remoteDetails } from './remote-error.ts';

export type CallKind = 'pull' | 'push';

/** Stands around every HTTP request, repeats included. What `before` throws ends the call unsent. */
export interface ApiGate {
  before(kind: CallKind, options: { signal?: AbortSignal }): Promise<void>;
  /**
   * Called once after each `before` that let a request through; null where the answer named no usage. `unsent`: it surely
   * never reached the org, which has not counted it. `asked`: the org has too much to do and asks for so long a rest, in
   * answer to a call of that kind; null where it does not.
   */
  after(
    usage: ReportedUsage | null,
    call: { unsent: boolean; asked: { kind: CallKind; restMs: number } | null },
  ): void;
}

export const openGate: ApiGate = { before: async () => {}, after: () => {} };

/**
 * `api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)` → what the org has said `at`, wall time, ms since 1970;
 * null without an `api-usage`. Source: REST API Developer Guide, "Limit Info Header".
 */
export function parseLimitInfo(header: string | null, at: number): ReportedUsage | null {
  const org = usedOf('api-usage', header ?? '');
  return org && { ...org, at, app: usedOf('per-app-api-usage', header ?? '') };
}

function usedOf(name: string, header: string): Used | null {
  const match = new RegExp(`(?:^|[;,\\s])${name}=(\\d{1,12})/(\\d{1,12})`).exec(header);
  return match && { used: Number(match[1]), max: Number(match[2]) };
}

/**
 * What a refusal for the daily limit or the app's quota says of it: the org counts with some delay, so its header may still lie
 * below, or be missing. Null where the refusal is another, or the limit is not known.
 */
export function usedUpBy(error: unknown, last: ReportedUsage | null, now: number): ReportedUsage | null {
  const limit = remoteDetails(error)?.limit;
  if (last === null) return null;
  if (limit === 'daily') return { ...last, used: Math.max(last.used, last.max), at: now };
  if (limit === 'app' && last.app !== null)
    return { ...last, app: { ...last.app, used: Math.max(last.app.used, last.app.max) }, at: now };
  return null;
}

/** How long a rest the org asks of everybody, with 503 or 429, to say when it will have time again; null where it does not. */
export function restAskedBy(error: unknown, kind: CallKind): { kind: CallKind; restMs: number } | null {
  const details = remoteDetails(error);
  if (details === null || (details.status !== 503 && details.status !== 429)) return null;
  return (details.retryAfterMs ?? 0) > 0 ? { kind, restMs: details.retryAfterMs as number } : null;
}
