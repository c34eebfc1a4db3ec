import { AppError } from '../base/errors.ts';
import type { OutboxEntry, OutboxState } from '../sync/ports/outbox-entry.ts';
import type { StoredMirror } from '../sync/ports/stored-mirror.ts';
import { wrongState } from './wrong-state.ts';

type OfOutbox = Pick<StoredMirror, 'outbox'>;

/** All keys mean what they say, or nothing is moved. `also`: what may be meant in whatever state it is. */
export async function namedEntries(
  mirror: OfOutbox,
  prefixes: readonly string[],
  from: readonly OutboxState[],
  also: readonly OutboxEntry[] = [],
): Promise<OutboxEntry[]> {
  const chosen = new Map<string, OutboxEntry>();
  for (const prefix of prefixes) {
    const others = also.filter(({ key, state }) => key.startsWith(prefix) && !from.includes(state));
    const found = [...(await startingWith(mirror, prefix, from)), ...others];
    if (found.length > 1) throw unknownEntry(meansSeveral(prefix));
    if (found[0] === undefined) throw await notAmong(mirror, prefix, from);
    chosen.set(found[0].key, found[0]);
  }
  return [...chosen.values()];
}

async function notAmong(mirror: OfOutbox, prefix: string, from: readonly OutboxState[]): Promise<AppError> {
  const [other] = await startingWith(mirror, prefix);
  return other === undefined ? unknownEntry(`There is no entry ${prefix}.`) : wrongState(prefix, other, from);
}

/** Two at most: more than one is too many. */
export async function startingWith(
  mirror: OfOutbox,
  keyPrefix: string,
  states?: readonly OutboxState[],
): Promise<OutboxEntry[]> {
  return mirror.outbox.list({ keyPrefix, states, limit: 2 });
}

export function meansSeveral(prefix: string): string {
  return `${prefix === '' ? 'An empty key' : prefix} means several entries.`;
}

export function unknownEntry(message: string): AppError {
  return new AppError('UNKNOWN_ENTRY', message, {
    hint: '`parahack-sync outbox list` shows the entries with their keys.',
  });
}
