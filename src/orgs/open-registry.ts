import type { Connection } from '../sqlite/connection.ts';
import { isDoubled } from '../sqlite/sqlite-fault.ts';
import type { OrgRecord } from './org-record.ts';
import { type OrgRow, orgColumns, toRecord, toRow } from './org-row.ts';
import type { Registry } from './registry.ts';
import { RegistryFile } from './registry-file.ts';
import { resolveOrg } from './resolve-org.ts';
import { aliasTaken } from './rules/alias.ts';
import { checkPut, connectedAs, notConnected } from './rules/check-put.ts';

/**
 * Opens `registry.db` in the data folder, making both where they are not there (0700, 0600). Throws AppError
 * `DATA_DIR_UNWRITABLE`, `DATA_DIR_BUSY`, `DISK_FULL`, `REGISTRY_CORRUPT` or `REGISTRY_NEWER_THAN_TOOL`.
 */
export function openRegistry(dataDir: string): Registry {
  const file = new RegistryFile(dataDir);
  return {
    async list() {
      file.lookAgain();
      return file.reading(listed);
    },
    async get(instanceUrl) {
      try {
        file.lookAgain();
      } catch {
        // Told by the list.
      }
      return file.reading((db) => found(db, instanceUrl));
    },
    isInPlace: async () => file.isInPlace(),
    put: async (org) => file.writing((db) => put(db, org), { makes: true }),
    resolve: async (text) => resolveOrg(file.reading(listed), text),
    update: async (instanceUrl, change) =>
      file.writing((db) => {
        const org = found(db, instanceUrl);
        if (org === null) throw notConnected(instanceUrl);
        const changed = { ...org, ...change, instanceUrl };
        put(db, changed);
        return changed;
      }),
    move: async (from, to) => file.writing((db) => moved(db, from, to)),
    async setAuthState(instanceUrl, state) {
      file.writing((db) =>
        db.prepare('update org set auth_state = ? where instance_url = ?').run(state, instanceUrl),
      );
    },
    remove: async (instanceUrl) =>
      file.writing((db) => db.prepare('delete from org where instance_url = ?').run(instanceUrl).changes > 0),
    async [Symbol.asyncDispose]() {
      file.close();
    },
  };
}

function listed(db: Connection): OrgRecord[] {
  const rows = db.prepare('select * from org order by created_at, instance_url').all() as OrgRow[];
  return rows.map(toRecord);
}

function found(db: Connection, instanceUrl: string): OrgRecord | null {
  const row = db.prepare('select * from org where instance_url = ?').get(instanceUrl) as OrgRow | undefined;
  return row === undefined ? null : toRecord(row);
}

function put(db: Connection, org: OrgRecord): void {
  checkPut(org, listed(db));
  const values = orgColumns.map((column) => `:${column}`);
  const updates = orgColumns.slice(1).map((column) => `${column} = excluded.${column}`);
  try {
    db.prepare(
      `insert into org (${orgColumns.join(', ')}) values (${values.join(', ')})
       on conflict (instance_url) do update set ${updates.join(', ')}`,
    ).run(toRow(org));
  } catch (error) {
    throw isDoubled(error) ? aliasTaken(org.alias ?? '', error) : error;
  }
}

function moved(db: Connection, from: string, to: string): OrgRecord {
  const taken = found(db, to);
  if (taken !== null) throw connectedAs(taken);
  db.prepare('update org set instance_url = ?, api_url = ? where instance_url = ?').run(to, to, from);
  const org = found(db, to);
  if (org === null) throw notConnected(from);
  return org;
}
