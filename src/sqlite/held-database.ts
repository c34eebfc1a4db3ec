import { AppError, systemCodeOf } from '../base/errors.ts';

/** A database of the data folder's own, no mirror, whose lock another program did not give back in time. */
export function heldDatabase(path: string, cause: unknown): AppError {
  return new AppError('DATA_DIR_BUSY', `Another program has held ${path} for too long.`, {
    hint: 'End its open transaction (a database browser’s or a backup’s, say), or try again later.',
    details: { path, systemCode: systemCodeOf(cause) ?? null },
    cause,
  });
}
