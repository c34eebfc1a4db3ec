import type { AuthState } from '../org/auth-state.ts';
import type { OrgRecord } from './org-record.ts';

/** A row of the table `org`. */
export interface OrgRow {
  instance_url: string;
  api_url: string;
  login_url: string;
  org_id: string;
  user_id: string;
  username: string;
  alias: string | null;
  sync: number;
  auth_state: AuthState;
  grant_kind: OrgRecord['grant'];
  client_id: string | null;
  budget: number | null;
  two_way: number;
  conflicts: OrgRecord['conflicts'];
  created_at: number;
  last_login_at: number;
}

/** Of that table, the key first. */
export const orgColumns = [
  'instance_url',
  'api_url',
  'login_url',
  'org_id',
  'user_id',
  'username',
  'alias',
  'sync',
  'auth_state',
  'grant_kind',
  'client_id',
  'budget',
  'two_way',
  'conflicts',
  'created_at',
  'last_login_at',
] as const satisfies (keyof OrgRow)[];

export function toRecord(row: OrgRow): OrgRecord {
  return {
    instanceUrl: row.instance_url,
    apiUrl: row.api_url,
    loginUrl: row.login_url,
    orgId: row.org_id,
    userId: row.user_id,
    username: row.username,
    alias: row.alias,
    sync: row.sync === 1,
    authState: row.auth_state,
    grant: row.grant_kind,
    clientId: row.client_id,
    budget: row.budget,
    twoWay: row.two_way === 1,
    conflicts: row.conflicts,
    createdAt: row.created_at,
    lastLoginAt: row.last_login_at,
  };
}

export function toRow(org: OrgRecord): OrgRow {
  return {
    instance_url: org.instanceUrl,
    api_url: org.apiUrl,
    login_url: org.loginUrl,
    org_id: org.orgId,
    user_id: org.userId,
    username: org.username,
    alias: org.alias,
    sync: org.sync ? 1 : 0,
    auth_state: org.authState,
    grant_kind: org.grant,
    client_id: org.clientId,
    budget: org.budget,
    two_way: org.twoWay ? 1 : 0,
    conflicts: org.conflicts,
    created_at: org.createdAt,
    last_login_at: org.lastLoginAt,
  };
}
