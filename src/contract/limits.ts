import type { ErrorInfo } from './error-info.ts';

export interface LimitsResult {
  orgs: LimitsItem[];
}

export interface LimitsItem {
  instanceUrl: string;
  alias: string | null;
  /** The org's daily API requests, and of them the quota that it gives this client app, where there is one. */
  api: { max: number | null; remaining: number | null; used: number | null; app: AppQuota | null };
  share: OwnShare;
  /** How a running watch has stretched its interval, so that the share lasts. */
  stretched: StretchedWatch | null;
  /** Everything the org reports, by Salesforce's names. */
  limits: Record<string, { max: number; remaining: number }>;
  error: ErrorInfo | null;
}

export interface AppQuota {
  used: number;
  max: number;
}

/** What this tool may take of an org's API requests, and has taken, with all its processes in the rolling day. */
export interface OwnShare {
  /** 0 to 1. */
  budget: number;
  /** max × budget; null before the org has told its limit. */
  allowed: number | null;
  used: number;
  /** The last part of `allowed`, which pulls leave to pushes. */
  reserve: number | null;
  /** Calls that pulls may still make. */
  left: number | null;
  /** When the next calls come back, ISO, and how many; null where none count. */
  nextReturn: { at: string; calls: number } | null;
  /** When all have come back. */
  allReturnedAt: string | null;
}

export interface StretchedWatch {
  intervalMs: number;
  stretchedMs: number;
  /** Since when it is so, ISO. */
  at: string;
}
