import { AppError } from '../../../base/errors.ts';
import type { FileFormat } from '../../../sqlite/migrate.ts';

/** ASCII "phsU". */
export const applicationId = 0x70687355;

/** Each brings a file from the version that is its index to the next; never edited once released. */
const migrations: readonly string[] = [
  `
  CREATE TABLE call (
    org TEXT NOT NULL, slot INTEGER NOT NULL, calls INTEGER NOT NULL, PRIMARY KEY (org, slot)
  ) WITHOUT ROWID;
  CREATE TABLE org (
    id TEXT PRIMARY KEY, used INTEGER, max INTEGER, at INTEGER, app_used INTEGER, app_max INTEGER,
    looked_at INTEGER, interval_ms INTEGER, stretched_ms INTEGER, stretched_at INTEGER
  ) WITHOUT ROWID;
  `,
  `
  CREATE TABLE loss (at INTEGER NOT NULL);
  ALTER TABLE org ADD COLUMN counted_loss INTEGER;
  ALTER TABLE org ADD COLUMN not_before INTEGER;
  ALTER TABLE org ADD COLUMN push_not_before INTEGER;
  `,
  `
  ALTER TABLE org ADD COLUMN last_slot INTEGER;
  `,
];

/** As SQLite itself says it of a file that is none of its own. */
export function damage(message: string): Error {
  return Object.assign(new Error(message), { code: 'SQLITE_NOTADB' });
}

export const formatOf = (path: string): FileFormat => ({
  kind: {
    applicationId,
    foreign: () => damage(`The file ${path} is no count of API calls of this tool.`),
  },
  migrations,
  newer: (version) =>
    new AppError('USAGE_UNREADABLE', `${path} was written by a newer parahack-sync.`, {
      hint: 'Update parahack-sync, or choose another data folder with --data-dir.',
      details: { path, version, known: migrations.length },
    }),
});
