import { AppError } from '../base/errors.ts';
import { isoTime } from '../base/iso-time.ts';
import type { SyncContext } from './context.ts';
import type { Mirror } from './ports/mirror.ts';

/** The servers of an org differ by seconds, and its clock is known by lower bounds only. */
export const futureMs = 300_000;

/**
 * Throws where the mirror says that it is current at, or was read at, a time that the org has not reached. What
 * changed since would never be asked for, and no read could yield to a later one.
 */
export async function assertNotInFuture({
  mirror,
  remote,
}: Pick<SyncContext, 'mirror' | 'remote'>): Promise<void> {
  const error = await futureCursorOf(mirror, remote.clock.told());
  if (error !== null) throw error;
}

/** The error `CURSOR_IN_FUTURE`, or null where all is past. `now`: the org's time, ms since 1970. */
export async function futureCursorOf(
  { journal, contacts }: Pick<Mirror, 'journal' | 'contacts'>,
  now: number,
): Promise<AppError | null> {
  const { updated, deleted } = await journal.cursors();
  const latest = Math.max(updated ?? 0, deleted ?? 0, (await contacts.latestReadAt()) ?? 0);
  if (latest <= now + futureMs) return null;
  const [cursor, orgTime] = [isoTime(latest), isoTime(now)];
  return new AppError(
    'CURSOR_IN_FUTURE',
    `The mirror says that it is current at ${cursor}, but by the clock it is ${orgTime}.`,
    {
      hint: 'The org once told a wrong time, and changes since may be missing: `parahack-sync reconcile` compares all contacts with the org.',
      details: { cursor, orgTime },
    },
  );
}
