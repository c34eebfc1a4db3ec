import type { AuthState } from '../org/auth-state.ts';
import type { OrgRecord } from './org-record.ts';

/**
 * The connected orgs. Each change is one call and one transaction: between two calls another process, or another task
 * of this one, may have changed what was read.
 */
export interface Registry extends AsyncDisposable {
  /**
   * In the order in which they were connected. Throws AppError `REGISTRY_CORRUPT` where the file was damaged since it was
   * opened, as all calls do that come to what is damaged.
   */
  list(): Promise<OrgRecord[]>;
  get(instanceUrl: string): Promise<OrgRecord | null>;
  /** False where the list was removed, emptied or lost since it was opened: it goes on with what it knows. */
  isInPlace(): Promise<boolean>;
  /**
   * The org that `text` names: alias, instance URL, bare host or username. Throws AppError `UNKNOWN_ORG`, or
   * `INVALID_INPUT` when it fits several; `details.known` lists what there is.
   */
  resolve(text: string): Promise<OrgRecord>;
  /**
   * Inserts or replaces. Throws AppError `INVALID_INPUT` when the alias belongs to another org, and `ORG_CONNECTED`
   * when the org is new here but its org id is connected under another address.
   */
  put(org: OrgRecord): Promise<void>;
  /** Changes these members and no others. Throws AppError `UNKNOWN_ORG`, and what `put` throws. */
  update(instanceUrl: string, change: Partial<Omit<OrgRecord, 'instanceUrl'>>): Promise<OrgRecord>;
  /** Gives an org another address as its key. Throws AppError `ORG_CONNECTED` where that one is taken. */
  move(from: string, to: string): Promise<OrgRecord>;
  /** Does nothing where the org is not connected. */
  setAuthState(instanceUrl: string, state: AuthState): Promise<void>;
  /** Resolves to whether there was one. */
  remove(instanceUrl: string): Promise<boolean>;
}
