import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isAppError } from '../base/errors.ts';
import { makeFolder } from '../base/make-folder.ts';
import type { AuthState } from '../org/auth-state.ts';
import type { Connection } from '../sqlite/connection.ts';
import { openPrivately } from '../sqlite/open-privately.ts';
import { cannotWrite, openReadable, type Readable } from '../sqlite/open-readable.ts';
import { isDoubled, sqliteFaultOf } from '../sqlite/sqlite-fault.ts';
import type { OrgRecord } from './org-record.ts';
import type { Registry } from './registry.ts';
import { registryFault, registryFileName } from './registry-fault.ts';
import { migrateRegistry } from './registry-schema.ts';
import { resolveOrg } from './resolve-org.ts';
import { aliasTaken } from './rules/alias.ts';
import { checkPut, connectedAs, notConnected } from './rules/check-put.ts';

interface OrgRow {
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

const columns = [
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

/** Writes take well under a millisecond; who waits longer than this waits for a hung process. */
const busyTimeoutMs = 5_000;

/**
 * Opens `registry.db` in the data folder, making both where they are not there (0700, 0600). Throws AppError
 * `DATA_DIR_UNWRITABLE`, `DISK_FULL`, `REGISTRY_CORRUPT` or `REGISTRY_NEWER_THAN_TOOL`.
 */
export function openRegistry(dataDir: string): Registry {
  const path = join(dataDir, registryFileName);
  let opened = openDatabase(dataDir);
  let stamp = stampOf(path);
  /**
   * A file that was put in the place of the open one, or was written past SQLite, is read anew; what is open stays where
   * that one cannot be opened. Not within a transaction.
   */
  const lookAgain = (): void => {
    const now = stampOf(path);
    if (now === null || now === stamp || opened.standsInFor !== null) return;
    const next = openDatabase(dataDir);
    opened.db.close();
    opened = next;
    stamp = now;
  };
  /** What stands in for the file is of the moment, so it is opened anew each time. */
  const reopened = (): Connection => {
    if (opened.standsInFor !== null) {
      opened.db.close();
      opened = openDatabase(dataDir);
    }
    return opened.db;
  };
  const reading = <T>(read: (db: Connection) => T): T => {
    const db = reopened();
    try {
      return read(db);
    } catch (error) {
      throw sqliteFaultOf(error) === 'damaged' ? registryFault(dataDir, error) : error;
    } finally {
      if (opened.locksOut) db.close();
    }
  };
  // Where it can be read only, or the disk is full, that is told by the first write.
  const writing = <T>(write: (db: Connection) => T): T => {
    const db = reopened();
    if (opened.standsInFor !== null) throw registryFault(dataDir, opened.standsInFor);
    try {
      return write(db);
    } catch (error) {
      throw cannotWrite(error) ? registryFault(dataDir, error) : error;
    }
  };
  const list = (): OrgRecord[] =>
    reading((db) => db.prepare('select * from org order by created_at, instance_url').all() as OrgRow[]).map(
      toRecord,
    );
  const get = (instanceUrl: string): OrgRecord | null => {
    const row = reading(
      (db) => db.prepare('select * from org where instance_url = ?').get(instanceUrl) as OrgRow | undefined,
    );
    return row === undefined ? null : toRecord(row);
  };
  const put = (org: OrgRecord): void => writing((db) => db.transaction(() => insert(db, org)).immediate());
  const insert = (db: Connection, org: OrgRecord): void => {
    checkPut(org, list());
    const values = columns.map((column) => `:${column}`);
    const updates = columns.slice(1).map((column) => `${column} = excluded.${column}`);
    try {
      db.prepare(
        `insert into org (${columns.join(', ')}) values (${values.join(', ')})
         on conflict (instance_url) do update set ${updates.join(', ')}`,
      ).run(toRow(org));
    } catch (error) {
      throw isDoubled(error) ? aliasTaken(org.alias ?? '', error) : error;
    }
  };
  return {
    async list() {
      lookAgain();
      return list();
    },
    async get(instanceUrl) {
      try {
        lookAgain();
      } catch {
        // Told by the list.
      }
      return get(instanceUrl);
    },
    put: async (org) => put(org),
    resolve: async (text) => resolveOrg(list(), text),
    update: async (instanceUrl, change) =>
      writing((db) =>
        db
          .transaction(() => {
            const org = get(instanceUrl);
            if (org === null) throw notConnected(instanceUrl);
            const changed = { ...org, ...change, instanceUrl };
            put(changed);
            return changed;
          })
          .immediate(),
      ),
    move: async (from, to) =>
      writing((db) =>
        db
          .transaction(() => {
            const taken = get(to);
            if (taken !== null) throw connectedAs(taken);
            db.prepare('update org set instance_url = ?, api_url = ? where instance_url = ?').run(
              to,
              to,
              from,
            );
            const moved = get(to);
            if (moved === null) throw notConnected(from);
            return moved;
          })
          .immediate(),
      ),
    async setAuthState(instanceUrl, state) {
      writing((db) =>
        db.prepare('update org set auth_state = ? where instance_url = ?').run(state, instanceUrl),
      );
    },
    remove: async (instanceUrl) =>
      writing((db) => db.prepare('delete from org where instance_url = ?').run(instanceUrl).changes > 0),
    async [Symbol.asyncDispose]() {
      opened.db.close();
    },
  };
}

/** Another one where the file is another or was written; null where there is none, or one that is yet to be written. */
function stampOf(path: string): string | null {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined || stats.size === 0n) return null;
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}`;
}

function openDatabase(dataDir: string): Readable {
  const path = join(dataDir, registryFileName);
  try {
    makeFolder(dataDir);
    const db = openPrivately(path, {
      create: true,
      busyMs: busyTimeoutMs,
      journal: 'wal',
      pragmas: { synchronous: 'FULL' },
    });
    try {
      migrateRegistry(db, path);
      return { db, standsInFor: null, locksOut: false };
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    const standIn = error instanceof Error && cannotWrite(error) ? openStandIn(path, error) : null;
    if (standIn !== null) return standIn;
    throw registryFault(dataDir, error);
  }
}

/** What the folder's orgs are, where nothing can be written to it; null where that cannot be told either. */
function openStandIn(path: string, standsInFor: Error): Readable | null {
  let readable: Readable | null = null;
  try {
    readable = openReadable(path, { busyMs: busyTimeoutMs });
    migrateRegistry(readable.db, path);
    return { ...readable, standsInFor };
  } catch (error) {
    readable?.db.close();
    if (isAppError(error)) throw error;
    return null;
  }
}

function toRecord(row: OrgRow): OrgRecord {
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

function toRow(org: OrgRecord): OrgRow {
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
