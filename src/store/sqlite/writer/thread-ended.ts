import { AppError } from '../../../base/errors.ts';

/** What was under way on a writer thread that died; nothing of it is stored. */
export function threadEnded(cause?: unknown): AppError {
  return new AppError('MIRROR_FAILED', 'The thread that writes to the mirror ended unexpectedly.', {
    hint: 'What it had stored before is kept; the next try starts another one.',
    cause,
  });
}
