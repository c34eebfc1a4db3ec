import { AppError, isAppError, systemCodeOf } from '../../../base/errors.ts';
import { runAgain } from '../../../base/run-again.ts';
import { heldDatabase } from '../../../sqlite/held-database.ts';
import { sqliteFaultOf } from '../../../sqlite/sqlite-fault.ts';

/** SQLite's and the file system's own errors → AppError, once, at this room's door. */
export function callLedgerFault(path: string, error: unknown): AppError {
  if (isAppError(error)) return error;
  const code = systemCodeOf(error);
  const fault = sqliteFaultOf(error);
  if (fault === 'no-room') {
    return new AppError('DISK_FULL', `There is no room left to write ${path}.`, {
      hint: `Free some space, then ${runAgain}.`,
      details: { path },
      cause: error,
    });
  }
  if (fault === 'busy') return heldDatabase(path, error);
  if (fault === 'damaged') {
    return new AppError(
      'USAGE_UNREADABLE',
      `The count of API calls ${path} is damaged and cannot be set aside.`,
      {
        hint: 'Make its folder writable for this user: the file is then set aside by itself, and the calls are counted anew.',
        details: { path },
        cause: error,
      },
    );
  }
  return new AppError('DATA_DIR_UNWRITABLE', `${path} cannot be used${code ? ` (${code})` : ''}.`, {
    hint: 'Make it writable for this user, or choose another data folder with --data-dir or PARAHACK_SYNC_DATA_DIR.',
    details: { path, systemCode: code ?? null },
    cause: error,
  });
}
