import type { SyncContext } from '../../context.ts';
import type { Doubt, DoubtNote, DoubtReason } from '../../ports/doubt.ts';
import type { OutboxEntry, OutboxState } from '../../ports/outbox-entry.ts';
import { isKeylessCreate } from '../entry/is-keyless-create.ts';
import type { DoubtCoverage } from './doubt-coverage.ts';
import { freshDoubt } from './fresh-doubt.ts';
import { setBackMs } from './org-now.ts';

/** What is read of the outbox at a time. */
const entriesPerPage = 1_000;
/**
 * Between two looks at what was not settled though all was committed: only what becomes of other entries can settle it,
 * and a person may ask at any time.
 */
const lookAgainMs = 15 * 60_000;
/** A minute past the end of the request: what was under way to the org is begun by then, and its clocks agree. */
export const pastEndMs = 60_000;

/** A create in doubt without its values. */
export interface OpenDoubt {
  key: string;
  seq: number;
  madeFrom: number;
  doubt: Doubt;
}

/** Makes all creates in doubt due: what has become of another entry may explain what stood in their way. */
export async function lookAgain(context: SyncContext): Promise<void> {
  for await (const page of pagesOf(context, ['in-doubt'])) {
    const notes = page.flatMap(({ key, doubt }) =>
      doubt === null || doubt.askedAt === null ? [] : [{ key, doubt: { ...doubt, askedAt: null } }],
    );
    if (notes.length > 0) await context.mirror.outbox.noteDoubts(notes);
  }
}

/** The creates in doubt that are due to be asked about. Notes of the others why they cannot be. */
export async function openDoubts(context: SyncContext, eager: boolean): Promise<OpenDoubt[]> {
  const { clock, remote } = context;
  const at = clock.now();
  const asking = { userId: remote.userId, at };
  const open: OpenDoubt[] = [];
  for await (const page of pagesOf(context, ['in-doubt'])) {
    const notes: DoubtNote[] = [];
    for (const entry of page) {
      if (!isKeylessCreate(entry, asking)) continue;
      const { key, seq, sentOrgAt, sentBy, doubt } = entry;
      const reason =
        sentOrgAt === null || sentBy === null || doubt?.isTimeUnsure === true
          ? 'sender-unknown'
          : sentBy === remote.userId
            ? null
            : 'other-user';
      if (reason !== null) {
        if (doubt?.reason !== reason)
          notes.push({ key, doubt: { ...(doubt ?? freshDoubt({ askedAt: at })), reason } });
        continue;
      }
      const isDue = eager || doubt?.askedAt == null || Math.abs(at - doubt.askedAt) >= lookAgainMs;
      if (!isDue) continue;
      const madeFrom = Math.floor((sentOrgAt ?? 0) / 1_000) * 1_000;
      open.push({ key, seq, madeFrom, doubt: doubt ?? freshDoubt({}) });
    }
    if (notes.length > 0) await context.mirror.outbox.noteDoubts(notes);
  }
  return open;
}

/**
 * Those whose requests the org has surely done with, and whose contacts can be told by their time: where the org's clock
 * went back since the sending, nothing is judged before it has come past that again, and nothing ever where it went far.
 * The end of a request that was cut, or whose process died, is not known: what had left may reach the org a moment later.
 * An answer to a call that was made after tells a time that is no earlier, and from there a minute is waited for; what the
 * org has begun by then holds its coverage back until it is committed.
 */
export async function coveredOf(
  context: SyncContext,
  open: readonly OpenDoubt[],
  { covered, asOf }: DoubtCoverage,
): Promise<OpenDoubt[]> {
  const notes: DoubtNote[] = [];
  const done: OpenDoubt[] = [];
  for (const { key, seq, madeFrom, doubt } of open) {
    const endedOrgAt = doubt.endedOrgAt === null ? null : Math.max(doubt.endedOrgAt, madeFrom);
    if (asOf < madeFrom - setBackMs)
      notes.push({ key, doubt: { ...doubt, isTimeUnsure: true, reason: 'sender-unknown' } });
    else if (endedOrgAt === null)
      notes.push({ key, doubt: { ...doubt, endedOrgAt: Math.max(asOf, madeFrom) } });
    else if (covered !== null && covered >= endedOrgAt + pastEndMs) {
      // What is committed by now was made by now: whatever this user makes later is none of it.
      done.push({ key, seq, madeFrom, doubt: { ...doubt, madeBefore: doubt.madeBefore ?? asOf } });
    }
  }
  if (notes.length > 0) await context.mirror.outbox.noteDoubts(notes);
  return done;
}

export async function noteAll(
  context: SyncContext,
  open: readonly OpenDoubt[],
  reason: DoubtReason,
): Promise<void> {
  const askedAt = reason === 'keyed-open' || reason === 'job-open' ? null : context.clock.now();
  for (let from = 0; from < open.length; from += entriesPerPage) {
    const page = open.slice(from, from + entriesPerPage);
    await context.mirror.outbox.noteDoubts(
      page.map(({ key, doubt }) => ({ key, doubt: { ...doubt, askedAt, reason } })),
    );
  }
}

/** Those that are still in doubt: a person may have decided about some meanwhile. */
export async function* entriesOf(
  { mirror }: SyncContext,
  open: readonly OpenDoubt[],
): AsyncGenerator<OutboxEntry[]> {
  for (let from = 0; from < open.length; from += entriesPerPage) {
    const keys = open.slice(from, from + entriesPerPage).map(({ key }) => key);
    yield await mirror.outbox.list({ keys, states: ['in-doubt'] });
  }
}

export async function* pagesOf(
  { mirror }: SyncContext,
  states: readonly OutboxState[],
  filter: { maybeSent?: boolean } = {},
): AsyncGenerator<OutboxEntry[]> {
  for (let after = -1; ; ) {
    const page = await mirror.outbox.list({ states, after, limit: entriesPerPage, ...filter });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.seq;
  }
}
