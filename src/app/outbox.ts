import { AppError } from '../base/errors.ts';
import { isoTime } from '../base/iso-time.ts';
import type { OutboxEntry, OutboxState } from '../sync/ports/outbox.ts';
import type { AppOutbox } from './app.ts';
import { oneOrg, toldOrgs } from './chosen-orgs.ts';
import type { OutboxEntryView, OutboxMoveOptions, OutboxMoveResult } from './contract/outbox.ts';
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
        for (const entry of await mirror.outbox.list({ states: wanted, limit })) {
          entries.push(viewOf(instanceUrl, entry));
        }
      }
      return { entries: entries.slice(0, limit), total };
    },
    retry: (options) =>
      move(services, options, options.inDoubt ? ['rejected', 'in-doubt'] : ['rejected'], 'pending'),
    approve: (options) => move(services, options, ['held'], 'pending'),
    // One in doubt too: dropping it is how a person says that its contact was found in Salesforce.
    drop: (options) =>
      move(
        services,
        options,
        options.all ? ['rejected'] : ['pending', 'in-doubt', 'rejected', 'held', 'conflict'],
        'dropped',
      ),
  };
}

const anyOf = new Intl.ListFormat('en', { type: 'disjunction' });

async function move(
  services: Services,
  { org, keys, all }: OutboxMoveOptions,
  from: OutboxState[],
  to: OutboxState,
): Promise<OutboxMoveResult> {
  const { instanceUrl } = oneOrg(services, org);
  if (!services.mirrors.exists(instanceUrl)) return { instanceUrl, keys: [] };
  await using mirror = await services.mirrors.open(instanceUrl, { create: false });
  const entries = await mirror.outbox.list({ states: from });
  const chosen = all ? entries.map(({ key }) => key) : keys.map((prefix) => keyOf(prefix, entries, from));
  return { instanceUrl, keys: await mirror.outbox.move(chosen, from, to, services.clock.now()) };
}

function keyOf(prefix: string, entries: readonly OutboxEntry[], from: readonly OutboxState[]): string {
  const found = entries.filter(({ key }) => key.startsWith(prefix));
  if (found.length === 1 && found[0] !== undefined) return found[0].key;
  throw new AppError(
    'UNKNOWN_ENTRY',
    found.length > 1
      ? `${prefix} means ${found.length} entries.`
      : `No entry ${prefix} is ${anyOf.format(from)}.`,
    { hint: '`parahack-sync outbox list` shows the entries with their keys.' },
  );
}

function viewOf(instanceUrl: string, entry: OutboxEntry): OutboxEntryView {
  const { key, op, contactKey, contactId, changes, state, attempts, errors, createdAt, sentAt, settledAt } =
    entry;
  return {
    key,
    instanceUrl,
    op,
    contactKey,
    contactId,
    changes,
    state,
    attempts,
    errors,
    createdAt: isoTime(createdAt),
    sentAt: isoTime(sentAt),
    settledAt: isoTime(settledAt),
  };
}
