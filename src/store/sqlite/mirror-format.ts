import { AppError } from '../../base/errors.ts';
import { runAgain } from '../../base/run-again.ts';
import { type Connection, openInMemory } from '../../sqlite/connection.ts';
import { type FileFormat, migrateFile, versionState } from '../../sqlite/migrate.ts';
import { adjustView } from './contact-schema.ts';
import { applicationId, firstObject, migrations, schemaVersion } from './schema.ts';
import { mapSqliteFault } from './sqlite-fault.ts';

function isNoMirror(path: string): AppError {
  return new AppError('MIRROR_CORRUPT', `The file ${path} is no mirror of this tool.`, {
    hint: `Move it out of the data folder, then ${runAgain}.`,
    details: { path },
  });
}

const formatOf = (path: string): FileFormat => ({
  kind: { applicationId, foreign: () => isNoMirror(path) },
  migrations,
  newer: (version) =>
    new AppError(
      'MIRROR_NEWER_THAN_TOOL',
      `The mirror ${path} was written by a newer version of this tool (format ${version}, this tool knows ${schemaVersion}).`,
      {
        hint: 'Update parahack-sync; the file was left as it is.',
        details: { path, version, known: schemaVersion },
      },
    ),
  // The view is no part of the migrations, for its columns are the org's.
  adjust: (db, from) => {
    if (from > 0) adjustView(db, firstObject);
  },
});

/** Throws AppError `MIRROR_NEWER_THAN_TOOL` or `MIRROR_CORRUPT`; returns whether migrations are due. */
export function checkVersion(db: Connection, path: string): 'current' | 'outdated' {
  try {
    return versionState(db, formatOf(path));
  } catch (error) {
    throw mapSqliteFault(error, path);
  }
}

/** Brings a mirror to this tool's version, all or nothing. Throws as `checkVersion` does. */
export function migrate(db: Connection, path: string): void {
  try {
    migrateFile(db, formatOf(path));
  } catch (error) {
    throw mapSqliteFault(error, path);
  }
}

/** In memory, in this tool's format. */
export function emptyMirror(path: string): Connection {
  const db = openInMemory();
  migrate(db, path);
  return db;
}
