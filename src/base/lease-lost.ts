import { AppError } from './errors.ts';
import { runAgain } from './run-again.ts';

/** What work meets that goes on although another process holds its lease by now; nothing of it was stored. */
export function leaseLost(name: string, details: Record<string, unknown> = {}): AppError {
  return new AppError(
    'LEASE_LOST',
    `The lease "${name}" was lost: another process has taken the work over, and nothing more was stored by this one.`,
    {
      hint: `When the other process has ended, ${runAgain}. Lock files must not be deleted while a process works.`,
      details: { lease: name, ...details },
    },
  );
}
