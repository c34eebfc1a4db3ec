import type { ErrorInfo } from './error-info.ts';

export interface BackfillOptions {
  /** Empty: all with sync on. */
  orgs: string[];
  /** Orgs with sync off too. */
  all: boolean;
  api: 'auto' | 'rest' | 'bulk';
  /** null: adaptive. */
  concurrency: number | null;
  fresh: boolean;
  /** With `fresh`: although the outbox has open entries. */
  force: boolean;
  /** null: every readable field. */
  fields: string[] | null;
}

export interface BackfillResult {
  orgs: BackfillItem[];
}

export interface BackfillItem {
  instanceUrl: string;
  status: 'complete' | 'interrupted' | 'failed';
  api: 'rest' | 'bulk' | null;
  /** Live contacts in the mirror at the end. */
  contacts: number | null;
  inserted: number;
  updated: number;
  chunks: number;
  apiCalls: number;
  durationMs: number;
  contactsPerSecond: number | null;
  runId: string | null;
  resumed: boolean;
  /** COUNT() of both sides after it has caught up; null where it did not come to that. */
  compared: { org: number; mirror: number } | null;
  /** Path of the old mirror that a fresh copy took the place of; null where it took none. */
  archived: string | null;
  error: ErrorInfo | null;
}
