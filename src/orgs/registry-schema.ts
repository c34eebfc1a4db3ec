import { AppError } from '../base/errors.ts';
import type { Connection } from '../sqlite/connection.ts';
import { migrateFile } from '../sqlite/migrate.ts';

/** One step a version, never changed once released: step n leads from `user_version` n to n + 1. */
const migrations: readonly string[] = [
  `create table org (
     instance_url text primary key,
     api_url text not null,
     login_url text not null,
     org_id text not null,
     user_id text not null,
     username text not null,
     alias text collate nocase unique,
     sync integer not null check (sync in (0, 1)),
     auth_state text not null check (auth_state in ('ok', 'login-needed', 'no-refresh')),
     grant_kind text not null check (grant_kind in ('refresh-token', 'jwt', 'client-credentials', 'access-token')),
     client_id text,
     api_version text,
     two_way integer not null check (two_way in (0, 1)),
     conflicts text not null check (conflicts in ('salesforce-wins', 'local-wins', 'manual')),
     budget real check (budget > 0 and budget <= 1),
     created_at integer not null,
     last_login_at integer not null
   ) strict`,
];

/** Whether the database has tables, and none of them is the list of orgs, in whatever version. */
export function isForeign(db: Connection): boolean {
  const isEmpty = db.prepare('select 1 from sqlite_schema').get() === undefined;
  const key = "select 1 from pragma_table_info('org') where name = 'instance_url'";
  return !isEmpty && db.prepare(key).get() === undefined;
}

/** Brings the file to this program's version. Throws AppError `REGISTRY_NEWER_THAN_TOOL`. */
export function migrateRegistry(db: Connection, path: string): void {
  migrateFile(db, {
    kind: null,
    migrations,
    newer: (version) =>
      new AppError('REGISTRY_NEWER_THAN_TOOL', `${path} was written by a newer parahack-sync.`, {
        hint: 'Update parahack-sync, or choose another data folder with --data-dir.',
        details: { version, known: migrations.length },
      }),
  });
}
