import type { ErrorInfo } from './error-info.ts';

export interface LimitsResult {
  orgs: LimitsItem[];
}

export interface LimitsItem {
  instanceUrl: string;
  alias: string | null;
  /** The org's daily API requests. */
  api: { max: number | null; remaining: number | null; used: number | null };
  /** What this tool may take of it: `allowed` = max × budget, `used` = its own calls of the rolling day. */
  share: { budget: number; allowed: number | null; used: number };
  /** Everything the org reports, by Salesforce's names. */
  limits: Record<string, { max: number; remaining: number }>;
  error: ErrorInfo | null;
}
