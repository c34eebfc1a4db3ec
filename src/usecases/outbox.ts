import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import type { AppOutbox } from '../contract/app.ts';
import type { OutboxEntryDetails, OutboxMoveOptions, OutboxMoveResult } from '../contract/outbox.ts';
import type { OutboxEntry, OutboxState } from '../sync/ports/outbox-entry.ts';
import type { StoredMirror } from '../sync/ports/stored-mirror.ts';
import { namedOrAllOrgs, oneOrg } from './chosen-orgs.ts';
import { listOutbox, type OutboxListParts } from './outbox-listing.ts';
import { peopleOf } from './outbox-people.ts';
import { outboxView } from './outbox-view.ts';
import { wrongState } from './wrong-state.ts';

export interface OutboxParts extends OutboxListParts {
  readonly clock: Pick<Clock, 'now'>;
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
    async show({ org, key }) {
      const found: OutboxEntryDetails[] = [];
      for (const { instanceUrl } of await namedOrAllOrgs(parts, org)) {
        if (!(await parts.mirrors.exists(instanceUrl))) continue;
        await using mirror = await parts.mirrors.open(instanceUrl, { create: false });
        const entries = await startingWith(mirror, key);
        const people = await peopleOf(parts.mirrors, instanceUrl, entries);
        for (const [at, entry] of entries.entries()) {
          const { base, way, upsertField, allowDuplicates } = entry;
          found.push({
            ...outboxView(instanceUrl, entry, people[at]!),
            base,
            way,
            upsertField,
            allowDuplicates,
          });
        }
      }
      const [only] = found;
      if (only !== undefined && found.length === 1) return { entry: only };
      throw unknownEntry(only === undefined ? `There is no entry ${key}.` : meansSeveral(key));
    },
    retry: (options, { signal }) => {
      if (options.take === 'local') return move(parts, options, ['conflict'], 'pending', signal);
      if (options.take === 'salesforce') return move(parts, options, ['conflict'], 'dropped', signal);
      const from: OutboxState[] = options.inDoubt ? ['rejected', 'in-doubt'] : ['rejected'];
      return move(parts, options, from, 'pending', signal);
    },
    approve: (options, { signal }) => move(parts, options, ['held'], 'pending', signal),
    // One in doubt too: dropping it is how a person says that its contact was found in Salesforce.
    drop: (options, { signal }) => move(parts, options, statesToDrop(options), 'dropped', signal),
  };
}

function statesToDrop({ all, inDoubt }: OutboxMoveOptions): OutboxState[] {
  if (!all) return ['pending', 'in-doubt', 'rejected', 'held', 'conflict'];
  return inDoubt ? ['rejected', 'in-doubt'] : ['rejected'];
}

async function move(
  parts: OutboxParts,
  { org, keys, all }: OutboxMoveOptions,
  from: OutboxState[],
  to: OutboxState,
  signal: AbortSignal,
): Promise<OutboxMoveResult> {
  const { instanceUrl } = await oneOrg(parts, org);
  if (!(await parts.mirrors.exists(instanceUrl))) {
    if (keys.length > 0) throw unknownEntry(`There is no entry ${keys[0]}.`);
    return { instanceUrl, keys: [] };
  }
  await using mirror = await parts.mirrors.open(instanceUrl, { create: false });
  const chosen = all ? await keysOf(mirror, from, signal) : await named(mirror, keys, from);
  return { instanceUrl, keys: await mirror.outbox.move(chosen, from, to, parts.clock.now()) };
}

/** All keys mean what they say, or nothing is moved. */
async function named(mirror: StoredMirror, prefixes: string[], from: OutboxState[]): Promise<string[]> {
  const chosen = new Set<string>();
  for (const prefix of prefixes) {
    const found = await startingWith(mirror, prefix, from);
    if (found.length > 1) throw unknownEntry(meansSeveral(prefix));
    if (found[0] === undefined) throw await notAmong(mirror, prefix, from);
    chosen.add(found[0].key);
  }
  return [...chosen];
}

async function notAmong(
  mirror: StoredMirror,
  prefix: string,
  from: readonly OutboxState[],
): Promise<AppError> {
  const [other] = await startingWith(mirror, prefix);
  return other === undefined ? unknownEntry(`There is no entry ${prefix}.`) : wrongState(prefix, other, from);
}

/** Two at most: more than one is too many. */
async function startingWith(
  mirror: StoredMirror,
  keyPrefix: string,
  states?: readonly OutboxState[],
): Promise<OutboxEntry[]> {
  return mirror.outbox.list({ keyPrefix, states, limit: 2 });
}

function meansSeveral(prefix: string): string {
  return `${prefix === '' ? 'An empty key' : prefix} means several entries.`;
}

/** Entries hold values of any length, so that of many only the keys are kept. */
async function keysOf(
  mirror: StoredMirror,
  states: readonly OutboxState[],
  signal: AbortSignal,
): Promise<string[]> {
  const keys: string[] = [];
  for (let after = -1; ; ) {
    await nextTurn();
    throwIfAborted(signal);
    const page = await mirror.outbox.list({ states, after, limit: 1_000 });
    for (const { key } of page) keys.push(key);
    const last = page.at(-1);
    if (last === undefined) return keys;
    after = last.seq;
  }
}

function unknownEntry(message: string): AppError {
  return new AppError('UNKNOWN_ENTRY', message, {
    hint: '`parahack-sync outbox list` shows the entries with their keys.',
  });
}
