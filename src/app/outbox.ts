import { AppError } from '../base/errors.ts';
import { isoTime } from '../base/iso-time.ts';
import type { Mirror } from '../sync/ports/mirror.ts';
import type { OutboxEntry, OutboxState } from '../sync/ports/outbox.ts';
import type { AppOutbox } from './app.ts';
import { oneOrg, toldOrgs } from './chosen-orgs.ts';
import type {
  OutboxEntryDetails,
  OutboxEntryView,
  OutboxMoveOptions,
  OutboxMoveResult,
} from './contract/outbox.ts';
import { peopleOf } from './outbox-people.ts';
import type { Services } from './services.ts';

const openStates: OutboxState[] = ['pending', 'sent', 'in-doubt', 'rejected', 'held', 'conflict'];

export function appOutbox(services: Services): AppOutbox {
  return {
    async list({ org, states, limit }) {
      const entries: OutboxEntryView[] = [];
      let total = 0;
      for (const { instanceUrl } of toldOrgs(services, org)) {
        if (!services.mirrors.exists(instanceUrl)) continue;
        await using mirror = await services.mirrors.open(instanceUrl, { create: false });
        const wanted = states.length > 0 ? states : openStates;
        const counts = await mirror.outbox.counts();
        total += wanted.reduce((sum, state) => sum + counts[state], 0);
        const listed = await mirror.outbox.list({ states: wanted, limit });
        const people = await peopleOf(mirror.path, listed);
        for (const [at, entry] of listed.entries()) entries.push(viewOf(instanceUrl, entry, people[at]!));
      }
      entries.sort((a, b) => a.createdAt.localeCompare(b.createdAt));
      return { entries: entries.slice(0, limit), total };
    },
    async show({ org, key }) {
      const found: OutboxEntryDetails[] = [];
      for (const { instanceUrl } of toldOrgs(services, org)) {
        if (!services.mirrors.exists(instanceUrl)) continue;
        await using mirror = await services.mirrors.open(instanceUrl, { create: false });
        const entries = await startingWith(mirror, key);
        const people = await peopleOf(mirror.path, entries);
        for (const [at, entry] of entries.entries()) {
          const { base, way, upsertField, allowDuplicates } = entry;
          found.push({ ...viewOf(instanceUrl, entry, people[at]!), base, way, upsertField, allowDuplicates });
        }
      }
      const [only] = found;
      if (only !== undefined && found.length === 1) return { entry: only };
      throw unknownEntry(only === undefined ? `There is no entry ${key}.` : meansSeveral(key));
    },
    retry: (options) => {
      if (options.take === 'local') return move(services, options, ['conflict'], 'pending');
      if (options.take === 'salesforce') return move(services, options, ['conflict'], 'dropped');
      return move(services, options, options.inDoubt ? ['rejected', 'in-doubt'] : ['rejected'], 'pending');
    },
    approve: (options) => move(services, options, ['held'], 'pending'),
    // One in doubt too: dropping it is how a person says that its contact was found in Salesforce.
    drop: (options) => move(services, options, statesToDrop(options), 'dropped'),
  };
}

function statesToDrop({ all, inDoubt }: OutboxMoveOptions): OutboxState[] {
  if (!all) return ['pending', 'in-doubt', 'rejected', 'held', 'conflict'];
  return inDoubt ? ['rejected', 'in-doubt'] : ['rejected'];
}

function anyOf(words: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'disjunction' }).format(words);
}

async function move(
  services: Services,
  { org, keys, all }: OutboxMoveOptions,
  from: OutboxState[],
  to: OutboxState,
): Promise<OutboxMoveResult> {
  const { instanceUrl } = oneOrg(services, org);
  if (!services.mirrors.exists(instanceUrl)) {
    if (keys.length > 0) throw unknownEntry(`There is no entry ${keys[0]}.`);
    return { instanceUrl, keys: [] };
  }
  await using mirror = await services.mirrors.open(instanceUrl, { create: false });
  const chosen = all ? await keysOf(mirror, from) : await named(mirror, keys, from);
  return { instanceUrl, keys: await mirror.outbox.move(chosen, from, to, services.clock.now()) };
}

/** All keys mean what they say, or nothing is moved. */
async function named(mirror: Mirror, prefixes: string[], from: OutboxState[]): Promise<string[]> {
  const chosen = new Set<string>();
  for (const prefix of prefixes) {
    const found = await startingWith(mirror, prefix, from);
    if (found.length > 1) throw unknownEntry(meansSeveral(prefix));
    if (found[0] === undefined) throw await notAmong(mirror, prefix, from);
    chosen.add(found[0].key);
  }
  return [...chosen];
}

async function notAmong(mirror: Mirror, prefix: string, from: readonly OutboxState[]): Promise<AppError> {
  const [other] = await startingWith(mirror, prefix);
  return unknownEntry(
    other === undefined
      ? `There is no entry ${prefix}.`
      : `Entry ${prefix} is ${other.state}, not ${anyOf(from)}.`,
  );
}

/** Two at most: more than one is too many. */
async function startingWith(
  mirror: Mirror,
  keyPrefix: string,
  states?: readonly OutboxState[],
): Promise<OutboxEntry[]> {
  return mirror.outbox.list({ keyPrefix, states, limit: 2 });
}

function meansSeveral(prefix: string): string {
  return `${prefix === '' ? 'An empty key' : prefix} means several entries.`;
}

/** Entries hold values of any length, so that of many only the keys are kept. */
async function keysOf(mirror: Mirror, states: readonly OutboxState[]): Promise<string[]> {
  const keys: string[] = [];
  for (let after = -1; ; ) {
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

function viewOf(
  instanceUrl: string,
  entry: OutboxEntry,
  contact: OutboxEntryView['contact'],
): OutboxEntryView {
  const { key, op, contactKey, contactId, changes, state, attempts, errors, createdAt, sentAt, settledAt } =
    entry;
  return {
    key,
    instanceUrl,
    op,
    contactKey,
    contactId,
    changes,
    fields: Object.keys(changes),
    contact,
    state,
    attempts,
    errors,
    createdAt: isoTime(createdAt),
    sentAt: isoTime(sentAt),
    settledAt: isoTime(settledAt),
  };
}
