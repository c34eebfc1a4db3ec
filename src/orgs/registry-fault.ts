import { join } from 'node:path';
import { AppError, isAppError, systemCodeOf } from '../base/errors.ts';
import { sqliteFaultOf } from '../sqlite/sqlite-fault.ts';

export const registryFileName = 'registry.db';

/** SQLite's and the file system's own errors → AppError, once, at this room's door. */
export function registryFault(dataDir: string, error: unknown): AppError {
  if (isAppError(error)) return error;
  const path = join(dataDir, registryFileName);
  const fault = sqliteFaultOf(error);
  if (fault === 'no-room') return diskFull(path, error);
  if (fault === 'damaged') return corrupt(path, error);
  return unwritable(dataDir, error);
}

function unwritable(dataDir: string, cause: unknown): AppError {
  const code = systemCodeOf(cause);
  return new AppError(
    'DATA_DIR_UNWRITABLE',
    `The data folder ${dataDir} cannot be used${code ? ` (${code})` : ''}.`,
    {
      hint: 'Make it writable for this user, or choose another with --data-dir or PARAHACK_SYNC_DATA_DIR.',
      details: { dataDir, systemCode: code ?? null },
      cause,
    },
  );
}

function diskFull(path: string, cause: unknown): AppError {
  return new AppError('DISK_FULL', `There is no room left to write ${path}.`, {
    hint: 'Free some space and run the command again.',
    details: { path },
    cause,
  });
}

function corrupt(path: string, cause: unknown): AppError {
  return new AppError('REGISTRY_CORRUPT', `The list of connected orgs ${path} is damaged.`, {
    hint: 'Move the file aside and log in to each org again; the mirrors beside it are kept and taken up.',
    details: { path },
    cause,
  });
}
