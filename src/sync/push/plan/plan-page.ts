import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import type { BlockReason, Undecided } from '../entry/blocked-contacts.ts';
import type { ContactNames } from '../entry/contact-names.ts';
import { lockedParents } from '../entry/locked-parents.ts';
import type { LinePage } from './contact-line.ts';
import { type PlannedRequest, planRequests } from './plan-requests.ts';

/** What keeps later changes of a contact back. */
export interface Blocks {
  /** Why these, which go out together or not at all, must wait; null where nothing stands before them. */
  blockReason(unit: readonly OutboxEntry[], namesOf: ContactNames): BlockReason | null;
  block(unit: readonly OutboxEntry[], namesOf: ContactNames, reason: BlockReason): void;
}

/** The requests that a page of open entries goes out by; what of it has to wait is told to `blocks` and `line`. */
export async function planPage(
  context: Pick<SyncContext, 'mirror' | 'object'>,
  page: readonly OutboxEntry[],
  {
    namesOf,
    blocks,
    line,
    idempotent,
  }: { namesOf: ContactNames; blocks: Blocks; line: LinePage; idempotent: boolean },
): Promise<PlannedRequest[]> {
  const free: OutboxEntry[] = [];
  for (const unit of unitsOf(page)) {
    const reason = undecidedState(unit) ?? blocks.blockReason(unit, namesOf);
    if (reason !== null) blocks.block(unit, namesOf, reason);
    else for (const entry of unit) if (!line.defers(entry, namesOf(entry))) free.push(entry);
  }
  return planRequests(free, idempotent, namesOf, await lockedParents(context, free));
}

/** Entries that go out together or not at all; most stand alone. */
function unitsOf(entries: readonly OutboxEntry[]): OutboxEntry[][] {
  const units: OutboxEntry[][] = [];
  for (const entry of entries) {
    const last = units.at(-1);
    if (entry.atomicGroup !== null && last?.[0]?.atomicGroup === entry.atomicGroup) last.push(entry);
    else units.push([entry]);
  }
  return units;
}

/** What a person has to decide about some of these, which go out together; null where nothing. */
function undecidedState(unit: readonly OutboxEntry[]): Undecided | null {
  for (const { state } of unit)
    if (state === 'conflict' || state === 'held' || state === 'in-doubt') return state;
  return null;
}
