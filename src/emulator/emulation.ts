import type { BulkJobs } from './bulk/bulk-jobs.ts';
import type { Agenda } from './http/agenda.ts';
import type { ApiUsage } from './http/api-usage.ts';
import type { CallLog } from './http/call-log.ts';
import type { FaultPlan } from './http/fault.ts';
import type { HttpSettings } from './http-settings.ts';
import type { OAuthContext } from './oauth/oauth-context.ts';
import type { Org } from './org/org.ts';
import type { QueryCursors } from './rest/query-cursors.ts';

/** Everything one emulator holds; two of them share nothing. */
export interface Emulation {
  readonly org: Org;
  /** It listens on. */
  readonly port: number;
  readonly oauth: OAuthContext;
  readonly settings: HttpSettings;
  readonly calls: CallLog;
  readonly faults: FaultPlan;
  readonly usage: ApiUsage;
  readonly cursors: QueryCursors;
  readonly jobs: BulkJobs;
  /** Work that is due at an instant of the org's clock. */
  readonly agenda: Agenda;
  /** A reset that is under way: requests wait for its end, so that none sees half an org. */
  resetting: Promise<void> | undefined;
}
