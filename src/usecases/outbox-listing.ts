import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted } from '../base/abort.ts';
import type { Logger } from '../base/logger.ts';
import type { OutboxEntryView, OutboxListOptions, OutboxListResult } from '../contract/outbox.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { OutboxState } from '../sync/ports/outbox-entry.ts';
import { listedOrgs } from './chosen-orgs.ts';
import { peopleOf } from './outbox-people.ts';
import { outboxView } from './outbox-view.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

export interface OutboxListParts extends OrgDirectory {
  readonly log: Logger;
  readonly mirrors: Pick<Mirrors, 'exists' | 'open' | 'read'>;
}

/** Entries hold values of any length, so few are held at a time. */
const batchEntries = 200;

/** The entries of one org, or of all, counted now and read when they are asked for. */
export async function listOutbox(
  parts: OutboxListParts,
  { org, states, limit }: OutboxListOptions,
  signal: AbortSignal,
): Promise<OutboxListResult> {
  const urls: string[] = [];
  let total = 0;
  // An outbox that nobody reads is not empty.
  const orgs = await listedOrgs(parts, org);
  for (const { instanceUrl } of orgs) {
    throwIfAborted(signal);
    if (!(await parts.mirrors.exists(instanceUrl))) continue;
    await using mirror = await parts.mirrors.open(instanceUrl, { create: false });
    const counts = await mirror.outbox.counts();
    const own = states.reduce((sum, state) => sum + counts[state], 0);
    if (own > 0) urls.push(instanceUrl);
    total += own;
  }
  const ofOrgs = () => urls.map((url) => entriesOf(parts, url, { states, limit }, signal));
  return { total, batches: () => inBatches(byAge(ofOrgs()), limit) };
}

/** One org's entries in the order in which they were added. */
async function* entriesOf(
  parts: OutboxListParts,
  instanceUrl: string,
  { states, limit }: { states: readonly OutboxState[]; limit: number },
  signal: AbortSignal,
): AsyncGenerator<OutboxEntryView> {
  await using mirror = await parts.mirrors.open(instanceUrl, { create: false });
  for (let after = -1, left = limit; left > 0; ) {
    // Reading lets the event loop not turn, and signals are heard between two turns only.
    await nextTurn();
    throwIfAborted(signal);
    const page = await mirror.outbox.list({ states, after, limit: Math.min(batchEntries, left) });
    const people = await peopleOf(parts.mirrors, instanceUrl, page);
    for (const [at, entry] of page.entries()) yield outboxView(instanceUrl, entry, people[at]!);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.seq;
    left -= page.length;
  }
}

/** The entries of several orgs, the oldest first, of which only the next of each is held. */
async function* byAge(sources: AsyncGenerator<OutboxEntryView>[]): AsyncGenerator<OutboxEntryView> {
  const heads: { source: AsyncGenerator<OutboxEntryView>; entry: OutboxEntryView }[] = [];
  try {
    for (const source of sources) {
      const next = await source.next();
      if (!next.done) heads.push({ source, entry: next.value });
    }
    while (heads.length > 0) {
      const oldest = heads.reduce((a, b) => (b.entry.createdAt < a.entry.createdAt ? b : a));
      yield oldest.entry;
      const next = await oldest.source.next();
      if (next.done) heads.splice(heads.indexOf(oldest), 1);
      else oldest.entry = next.value;
    }
  } finally {
    for (const source of sources) await source.return(undefined);
  }
}

async function* inBatches(
  entries: AsyncIterable<OutboxEntryView>,
  limit: number,
): AsyncGenerator<OutboxEntryView[]> {
  let batch: OutboxEntryView[] = [];
  let left = limit;
  for await (const entry of entries) {
    batch.push(entry);
    left--;
    if (left === 0) break;
    if (batch.length < batchEntries) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
