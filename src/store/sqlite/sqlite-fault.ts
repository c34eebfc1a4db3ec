import { AppError, type AppErrorOptions, messageOf, systemCodeOf } from '../../base/errors.ts';
import { isNoFile } from '../../base/is-no-file.ts';
import { runAgain } from '../../base/run-again.ts';
import { damagedMirrorSteps } from '../../org/damaged-mirror-steps.ts';
import { sqliteFaultOf } from '../../sqlite/sqlite-fault.ts';
import { orgOfMirror } from './mirror-path.ts';
import { type Lack, lackIn } from './schema-lacks.ts';

export function damaged(path: string, why: string, more: AppErrorOptions = {}): AppError {
  return new AppError('MIRROR_CORRUPT', `The mirror ${path} is damaged: ${why}.`, {
    hint: damagedMirrorSteps(orgOfMirror(path)),
    ...more,
  });
}

/** Of what lies where a mirror is to lie, a folder for one: SQLite says of it that the disk fails. */
export function noFile(path: string, cause?: unknown): AppError {
  return new AppError('MIRROR_CORRUPT', `${path}, the mirror, is no file.`, {
    hint: `Move it out of the data folder, then ${runAgain}.`,
    details: { path },
    cause,
  });
}

/** A mirror of this program that lacks a part of itself. */
export function lacking(path: string, lack: Lack, more: AppErrorOptions = {}): AppError {
  if (lack.kind === 'part') return damaged(path, `it lacks ${lack.part}`, more);
  return new AppError('MIRROR_FAILED', `The mirror ${path} lacks the view contacts, or a trigger of it.`, {
    hint: `Run "parahack-sync watch --once ${orgOfMirror(path)}", which makes it anew; a running watch does so within the hour.`,
    ...more,
  });
}

/** SQLite's and the file system's own errors → AppError, once, at this room's door. */
export function mapSqliteFault(error: unknown, path: string): Error {
  if (error instanceof AppError || (error instanceof Error && error.name === 'AbortError')) return error;
  const fault = sqliteFaultOf(error);
  const details = { path, sqlite: systemCodeOf(error) ?? '' };
  if ((fault === 'disk' || fault === 'unwritable') && isNoFile(path)) return noFile(path, error);
  if (fault === 'no-room') {
    return new AppError('DISK_FULL', `There is no room left to write ${path}.`, {
      hint: `Free some space, then ${runAgain}; what was stored before is kept.`,
      details,
      cause: error,
    });
  }
  if (fault === 'damaged') {
    return damaged(path, messageOf(error), { details, cause: error });
  }
  if (fault === 'busy') {
    return new AppError('MIRROR_BUSY', `Another program has been writing to ${path} for too long.`, {
      hint: 'End the other program’s open transaction, or try again later.',
      details,
      cause: error,
    });
  }
  if (fault === 'unwritable') {
    return new AppError('DATA_DIR_UNWRITABLE', `The data folder does not let ${path} be written.`, {
      hint: 'Choose another folder with --data-dir or PARAHACK_SYNC_DATA_DIR, or mend its permissions.',
      details,
      cause: error,
    });
  }
  // "No such table", "no such column" and the like have no code of their own.
  const lack = fault === 'other' && systemCodeOf(error) === 'SQLITE_ERROR' ? lackIn(path) : null;
  if (lack !== null) return lacking(path, lack, { details, cause: error });
  if (fault !== null) {
    return new AppError('MIRROR_FAILED', `SQLite failed on ${path}: ${messageOf(error)}.`, {
      // SQLite says the same of a quota that is used up, a limit on file sizes and a failing disk.
      hint:
        fault === 'disk'
          ? `The disk refuses to be read or written: look at its free space, at quotas and limits on file sizes (ulimit -f), and in the system’s log, then ${runAgain}; what was stored before is kept.`
          : 'Run "parahack-sync doctor": it looks the mirror through and says what to do.',
      details,
      cause: error,
    });
  }
  return error instanceof Error ? error : new Error(String(error));
}

/** Throws what SQLite or the file system says of the file as AppErrors that name it. */
export function withMappedFaults<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw mapSqliteFault(error, path);
  }
}
