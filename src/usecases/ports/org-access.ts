import type { Session } from '../../auth/session.ts';
import type { Logger } from '../../base/logger.ts';
import type { OrgRecord } from '../../orgs/org-record.ts';
import type { ApiBudget } from '../../sync/budget/api-budget.ts';
import type { Remote } from '../../sync/ports/remote.ts';

/** The way to an org: who is logged in, and the API behind it. */
export interface OrgAccess {
  /** Throws `LOGIN_REQUIRED` where the org has no usable grant. */
  openSession(org: OrgRecord, options: { signal: AbortSignal }): Promise<Session>;
  openRemote(session: Session, options?: RemoteOptions): Promise<Remote>;
}

export interface RemoteOptions {
  /** Counts the calls and holds them to this tool's share. */
  budget?: Pick<ApiBudget, 'before' | 'after'>;
  /** The org's time is not earlier than this, ms since 1970. */
  notBefore?: number;
  /** In place of the application's. */
  log?: Logger;
}
