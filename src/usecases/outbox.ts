import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { AppOutbox } from '../contract/app.ts';
import type {
  OutboxDropOptions,
  OutboxDropResult,
  OutboxMoveOptions,
  OutboxMoveResult,
} from '../contract/outbox.ts';
import type { OutboxState } from '../sync/ports/outbox-entry.ts';
import type { StoredMirror } from '../sync/ports/stored-mirror.ts';
import { type Grouped, refuseSplit, waitsInGroups, withGroups } from './entry-groups.ts';
import { namedEntries, unknownEntry } from './named-entries.ts';
import { orgOfEntries } from './org-of-entries.ts';
import { listOutbox, type OutboxListParts } from './outbox-listing.ts';
import type { SettleParts } from './settle-entries.ts';
import { showEntry } from './show-entry.ts';

export interface OutboxParts extends Omit<OutboxListParts, 'registry'>, SettleParts {
  readonly mirrors: OutboxListParts['mirrors'] & SettleParts['mirrors'];
  readonly clock: Clock;
}

const openStates: OutboxState[] = ['pending', 'sent', 'in-doubt', 'rejected', 'held', 'conflict'];

export function appOutbox(parts: OutboxParts): AppOutbox {
  return {
    list: ({ states, ...options }, { signal }) =>
      listOutbox(
        parts,
        { ...options, states: states.length > 0 ? [...new Set(states)] : openStates },
        signal,
      ),
    show: (options, { signal }) => showEntry(parts, options, signal),
    // The client of Salesforce is loaded by what asks it alone.
    settle: async (...call) => (await import('./settle-entries.ts')).settleEntries(parts, ...call),
    retry: (options, { signal }) => {
      if (options.take === 'local') return move(parts, options, ['conflict'], signal);
      if (options.take === 'salesforce') return takeTheirs(parts, options, signal);
      const from: OutboxState[] = options.inDoubt ? ['rejected', 'in-doubt'] : ['rejected'];
      return move(parts, options, from, signal);
    },
    approve: (options, { signal }) => move(parts, options, ['held'], signal),
    // One in doubt too: dropping it is how a person says that its contact was found in Salesforce.
    drop: (options, { signal }) => drop(parts, options, signal),
  };
}

const droppable = ['pending', 'in-doubt', 'rejected', 'held', 'conflict'] as const;

async function drop(
  parts: OutboxParts,
  options: OutboxDropOptions,
  signal: AbortSignal,
): Promise<OutboxDropResult> {
  const left: OutboxDropResult['left'] = [];
  const dropped = await decide(parts, options, statesToDrop(options), signal, async (mirror, entries) => {
    await refuseSplit(mirror, entries, dropsAll);
    const keys = await mirror.outbox.move(
      keysOf(entries),
      statesToDrop(options),
      'dropped',
      parts.clock.now(),
    );
    const counts = options.all ? await mirror.outbox.counts() : null;
    for (const state of droppable)
      if (counts !== null && counts[state] > 0) left.push({ state, entries: counts[state] });
    return { keys, waitsFor: [] };
  });
  return { ...dropped, left };
}

function statesToDrop({ all, inDoubt, states = [] }: OutboxDropOptions): OutboxState[] {
  if (!all) return [...droppable];
  return [...(states.length > 0 ? states : ['rejected' as const]), ...(inDoubt ? ['in-doubt' as const] : [])];
}

function move(
  parts: OutboxParts,
  options: OutboxMoveOptions,
  from: OutboxState[],
  signal: AbortSignal,
): Promise<OutboxMoveResult> {
  return decide(parts, options, from, signal, async (mirror, entries) => {
    const now = parts.clock.now();
    // Each conflict is a decision of its own.
    const isOfEach = from.includes('conflict');
    // All are chosen already.
    if (options.all && !isOfEach) {
      const keys = await mirror.outbox.move(keysOf(entries), from, 'pending', now);
      return { keys, waitsFor: [] };
    }
    const along: OutboxState[] = isOfEach ? ['rejected'] : from;
    const keys = await withGroups(mirror, entries, along);
    const moved = await mirror.outbox.move(keys, isOfEach ? [...from, ...along] : from, 'pending', now);
    return { keys: moved, waitsFor: options.all ? [] : await waitsInGroups(mirror, entries) };
  });
}

function takeTheirs(
  parts: OutboxParts,
  options: OutboxMoveOptions,
  signal: AbortSignal,
): Promise<OutboxMoveResult> {
  return decide(parts, options, ['conflict'], signal, async (mirror, entries) => {
    await refuseSplit(mirror, entries, (group) => {
      const local = keysOf(group.filter(({ state }) => state === 'conflict')).join(' ');
      return `\`parahack-sync outbox retry ${local} --take local\` lets all of them be sent; ${dropsAll(group)}`;
    });
    return { keys: await mirror.outbox.takeTheirs(keysOf(entries), parts.clock.now()), waitsFor: [] };
  });
}

function dropsAll(group: readonly Grouped[]): string {
  return `\`parahack-sync outbox drop ${keysOf(group).join(' ')}\` gives all of them up.`;
}

function keysOf(entries: readonly Grouped[]): string[] {
  return entries.map(({ key }) => key);
}

async function decide(
  parts: OutboxParts,
  { org, keys, all }: OutboxMoveOptions,
  from: OutboxState[],
  signal: AbortSignal,
  store: (
    mirror: StoredMirror,
    entries: readonly Grouped[],
  ) => Promise<Omit<OutboxMoveResult, 'instanceUrl'>>,
): Promise<OutboxMoveResult> {
  const { instanceUrl } = await orgOfEntries(parts, { org, keys }, signal);
  if (!(await parts.mirrors.exists(instanceUrl))) {
    if (keys.length > 0) throw unknownEntry(`There is no entry ${keys[0]}.`);
    return { instanceUrl, keys: [], waitsFor: [] };
  }
  await using mirror = await parts.mirrors.open(instanceUrl, { create: false });
  const chosen = all ? await allOf(mirror, from, signal) : await namedEntries(mirror, keys, from);
  return { instanceUrl, ...(await store(mirror, chosen)) };
}

/** Entries hold values of any length, so that of many only what names them is kept. */
async function allOf(
  mirror: StoredMirror,
  states: readonly OutboxState[],
  signal: AbortSignal,
): Promise<Grouped[]> {
  const entries: Grouped[] = [];
  for (let after = -1; ; ) {
    await nextTurn();
    throwIfAborted(signal);
    const page = await mirror.outbox.list({ states, after, limit: 1_000 });
    for (const { key, seq, state, atomicGroup } of page) entries.push({ key, seq, state, atomicGroup });
    const last = page.at(-1);
    if (last === undefined) return entries;
    after = last.seq;
  }
}
