import { AppError } from '../base/errors.ts';
import type { OutboxEntry, OutboxState } from '../sync/ports/outbox-entry.ts';
import type { StoredMirror } from '../sync/ports/stored-mirror.ts';

type OfOutbox = Pick<StoredMirror, 'outbox'>;

/** What is needed of an entry to find those that go with it or not at all. */
export type Grouped = Pick<OutboxEntry, 'key' | 'seq' | 'state' | 'atomicGroup'>;

/** The most entries of a group: they go out in one request. They were added at once, and so stand side by side. */
const mostGrouped = 200;
/** Of these, what is not given up is yet to be sent. */
const waiting: ReadonlySet<OutboxState> = new Set(['pending', 'held', 'conflict', 'sent', 'in-doubt']);
/** Of these, what keeps the others waiting until it is settled or decided. */
const undecided: ReadonlySet<OutboxState> = new Set(['held', 'conflict', 'sent', 'in-doubt']);
/** Giving one of these up lets the others go. */
const heldUp: ReadonlySet<OutboxState> = new Set(['pending', 'held', 'conflict']);

/**
 * Keys of these entries, and of those in the states `from` that go with them or not at all. None in doubt comes along: it
 * may be made twice, and nobody has said that it is not there.
 */
export async function withGroups(
  mirror: OfOutbox,
  entries: readonly Grouped[],
  from: readonly OutboxState[],
): Promise<string[]> {
  const keys = new Set(entries.map(({ key }) => key));
  for (const one of onePerGroup(entries)) {
    for (const { key, state } of await groupOf(mirror, one))
      if (state !== 'in-doubt' && from.includes(state)) keys.add(key);
  }
  return [...keys];
}

/** What goes with these entries or not at all, and keeps them waiting; the oldest first. */
export async function waitsInGroups(
  mirror: OfOutbox,
  entries: readonly Grouped[],
): Promise<{ key: string; state: OutboxState }[]> {
  const waits: { key: string; state: OutboxState }[] = [];
  for (const one of onePerGroup(entries)) {
    for (const { key, state } of await groupOf(mirror, one))
      if (undecided.has(state)) waits.push({ key, state });
  }
  return waits;
}

/**
 * Throws `INVALID_INPUT` where the end of these entries would let others be sent that are to go with them or not at all.
 * `hint`: what to do instead, by all that go together.
 */
export async function refuseSplit(
  mirror: OfOutbox,
  entries: readonly Grouped[],
  hint: (group: readonly Grouped[]) => string,
): Promise<void> {
  const chosen = new Set(entries.map(({ key }) => key));
  for (const one of onePerGroup(entries.filter(({ state }) => heldUp.has(state)))) {
    const open = (await groupOf(mirror, one)).filter(({ state }) => waiting.has(state));
    if (open.every(({ key }) => chosen.has(key))) continue;
    const message = `Entry ${one.key} is one of ${open.length} that go together or not at all.`;
    throw new AppError('INVALID_INPUT', message, {
      hint: hint(open),
      details: { key: one.key, group: open.map(({ key }) => key) },
    });
  }
}

/** The first of each group; what goes by itself has none. */
function onePerGroup(entries: readonly Grouped[]): Grouped[] {
  const first = new Map<string, Grouped>();
  for (const entry of entries) {
    const { atomicGroup } = entry;
    if (atomicGroup !== null && !first.has(atomicGroup)) first.set(atomicGroup, entry);
  }
  return [...first.values()];
}

async function groupOf({ outbox }: OfOutbox, { seq, atomicGroup }: Grouped): Promise<OutboxEntry[]> {
  const near = await outbox.list({ after: seq - mostGrouped - 1, limit: 2 * mostGrouped + 2 });
  return near.filter((entry) => entry.atomicGroup === atomicGroup);
}
