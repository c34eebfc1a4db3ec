import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError, isAppError, systemCodeOf } from '../base/errors.ts';
import { isNoFile } from '../base/is-no-file.ts';
import { runAgain } from '../base/run-again.ts';
import { heldDatabase } from '../sqlite/held-database.ts';
import { sqliteFaultOf } from '../sqlite/sqlite-fault.ts';

export const registryFileName = 'registry.db';

/** SQLite's and the file system's own errors → AppError, once, at this room's door. */
export function registryFault(dataDir: string, error: unknown): AppError {
  if (isAppError(error)) return error;
  const path = join(dataDir, registryFileName);
  const fault = sqliteFaultOf(error);
  if (fault === 'no-room') return diskFull(path, error);
  if (fault === 'busy') return heldDatabase(path, error);
  if (fault === 'damaged') return corrupt(dataDir, `The list of connected orgs ${path} is damaged.`, error);
  if (isNoFile(path)) return corrupt(dataDir, `${path}, the list of connected orgs, is no file.`, error);
  return unwritable(dataDir, error);
}

export function foreignRegistry(dataDir: string): AppError {
  const path = join(dataDir, registryFileName);
  return corrupt(dataDir, `The list of connected orgs ${path} is another program's database.`);
}

/** What lies at `folder`, or above it, and is no folder itself; null where nothing is in the way. */
function inTheWayOf(folder: string): string | null {
  for (let path = folder; ; path = dirname(path)) {
    try {
      return statSync(path).isDirectory() ? null : path;
    } catch {
      if (path === dirname(path)) return null;
    }
  }
}

function unwritable(dataDir: string, cause: unknown): AppError {
  const code = systemCodeOf(cause);
  const inTheWay = inTheWayOf(dataDir);
  if (inTheWay !== null) {
    return new AppError(
      'DATA_DIR_UNWRITABLE',
      `The data folder ${dataDir} cannot be made: ${inTheWay} is no folder.`,
      {
        hint: 'Choose another with --data-dir or PARAHACK_SYNC_DATA_DIR, or move that file away.',
        details: { dataDir, systemCode: code ?? null },
        cause,
      },
    );
  }
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
    hint: `Free some space, then ${runAgain}.`,
    details: { path },
    cause,
  });
}

function corrupt(dataDir: string, message: string, cause?: unknown): AppError {
  return new AppError('REGISTRY_CORRUPT', message, {
    hint: `Stop a running watch, put a good copy of it back or move it aside with the -wal and -shm beside it, and log in again to each org whose mirror lies in ${join(dataDir, 'orgs')}; mirrors, outboxes and credentials are kept and taken up, and aliases and other settings of \`orgs\` are to be made anew.`,
    details: { path: join(dataDir, registryFileName) },
    cause,
  });
}
