import type { AuthState } from '../org/auth-state.ts';
import type { OrgRecord } from './org-record.ts';

/** The connected orgs, in `registry.db` of a data folder. Synchronous, as SQLite is. */
export interface Registry {
  list(): OrgRecord[];
  get(instanceUrl: string): OrgRecord | null;
  /**
   * The org that `text` names: alias, instance URL, bare host or username. Throws AppError `UNKNOWN_ORG`, or
   * `INVALID_INPUT` when it fits several; `details.known` lists what there is.
   */
  resolve(text: string): OrgRecord;
  /**
   * Inserts or replaces. Throws AppError `INVALID_INPUT` when the alias belongs to another org, and `ORG_CONNECTED`
   * when the org is new here but its org id is connected under another address.
   */
  put(org: OrgRecord): void;
  update(instanceUrl: string, change: Partial<Omit<OrgRecord, 'instanceUrl'>>): OrgRecord;
  /** Gives an org another address as its key. Throws AppError `ORG_CONNECTED` where that one is taken. */
  move(from: string, to: string): OrgRecord;
  setAuthState(instanceUrl: string, state: AuthState): void;
  /** Resolves to whether there was one. */
  remove(instanceUrl: string): boolean;
  close(): void;
  [Symbol.dispose](): void;
}
