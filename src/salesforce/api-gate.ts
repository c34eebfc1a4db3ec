/** `api-usage` of a Sforce-Limit-Info header; `at` is wall time, ms since 1970. */
export interface ApiUsage {
  used: number;
  max: number;
  at: number;
}

export type CallKind = 'pull' | 'push';

/** Stands around every HTTP request, repeats included. What `before` throws ends the call unsent. */
export interface ApiGate {
  before(kind: CallKind, options: { signal?: AbortSignal }): Promise<void>;
  /** Called once after each `before` that let a request through; null where the answer named no usage. */
  after(usage: ApiUsage | null): void;
}

export const openGate: ApiGate = { before: async () => {}, after: () => {} };

/** `api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)` → the org's usage, or null. */
export function parseLimitInfo(header: string | null, at: number): ApiUsage | null {
  const match = /(?:^|[;,\s])api-usage=(\d{1,12})\/(\d{1,12})/.exec(header ?? '');
  return match ? { used: Number(match[1]), max: Number(match[2]), at } : null;
}
