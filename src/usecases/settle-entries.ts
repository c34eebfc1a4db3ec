import { AppError } from '../base/errors.ts';
import type { CallContext } from '../contract/app.ts';
import type { OutboxSettleOptions, OutboxSettleResult } from '../contract/outbox.ts';
import type { ProgressEvent } from '../contract/progress.ts';
import { isGivenIdOf } from '../org/record-id.ts';
import { contact } from '../org/synced-object.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { OutboxEntry, OutboxState } from '../sync/ports/outbox-entry.ts';
import type { StoredMirror } from '../sync/ports/stored-mirror.ts';
import { askDoubts } from '../sync/push/ask-doubts.ts';
import { settleAs } from '../sync/push/settle/settle-as.ts';
import { type ConnectParts, connectOrg } from './connect-org.ts';
import { doubtOf } from './doubt-view.ts';
import { waitsInGroups, withGroups } from './entry-groups.ts';
import { namedEntries, unknownEntry } from './named-entries.ts';
import { type OrgLeases, withDrainLease } from './org-lease.ts';
import { orgOfEntries } from './org-of-entries.ts';
import { peopleOf } from './outbox-people.ts';
import { outboxView } from './outbox-view.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

export interface SettleParts extends Omit<OrgDirectory, 'registry'>, ConnectParts, OrgLeases {
  readonly mirrors: ConnectParts['mirrors'] & OrgLeases['mirrors'] & Pick<Mirrors, 'read'>;
}

/** Under the drain lease, what is `sent` is in doubt too: its process is no more. */
const doubtful: readonly OutboxState[] = ['in-doubt', 'sent'];
const entriesPerPage = 1_000;

export async function settleEntries(
  parts: SettleParts,
  options: OutboxSettleOptions,
  { signal, onEvent }: CallContext<ProgressEvent>,
): Promise<OutboxSettleResult> {
  const { as } = options;
  if (as !== null && !isGivenIdOf(contact.keyPrefix, as.trim())) {
    throw new AppError('INVALID_INPUT', `"${as}" is not the Id of a contact.`, {
      hint: `It has 15 or 18 characters and begins with ${contact.keyPrefix}. \`parahack-sync outbox show KEY\` tells which contacts the entry may have become.`,
    });
  }
  const org = await orgOfEntries(parts, options, signal);
  const { instanceUrl } = org;
  if (!(await parts.mirrors.exists(instanceUrl))) {
    if (options.keys.length > 0) throw unknownEntry(`There is no entry ${options.keys[0]}.`);
    return { instanceUrl, settled: [], inDoubt: [], waitsFor: [], released: [] };
  }
  const onWait = () => onEvent({ event: 'push:waiting', instanceUrl });
  const withLease = withDrainLease(parts, instanceUrl, signal, onWait);
  if (options.notSent) {
    await using mirror = await parts.mirrors.open(instanceUrl, { create: false });
    const lost = (await mirror.outbox.lostRequests()).map(({ entry }) => entry);
    const named = await namedEntries(mirror, options.keys, doubtful, lost);
    const { inDoubt, moved, released } = await withLease(async (lease) => {
      const leased = await mirror.under(lease);
      const meant = await notSentSince(leased, named);
      const inDoubt = meant.filter(({ state }) => doubtful.includes(state));
      // As with `retry`: they go together or not at all.
      const all = await withGroups(leased, inDoubt, ['rejected']);
      return {
        inDoubt,
        moved: await leased.outbox.move(all, [...doubtful, 'rejected'], 'pending', parts.clock.now(), {
          unsent: true,
        }),
        released: await release(leased, meant),
      };
    });
    const keys = new Set([...named.map(({ key }) => key), ...moved, ...released]);
    const result = await told(parts, instanceUrl, mirror, [...keys]);
    return { ...result, waitsFor: await waitsInGroups(mirror, inDoubt), released };
  }
  await using connected = await connectOrg(parts, org, { signal });
  const { mirror, context, budget } = connected;
  const keys = await chosenKeys(mirror, options);
  if (keys.length > 0) {
    await budget.asPush(() =>
      askDoubts(context, { withLease, signal }, async (leased) => {
        if (as === null) return;
        const [entry] = await leased.mirror.outbox.list({ keys, states: doubtful });
        // A job that is not over tells by itself what became of its entries.
        if (entry === undefined || (entry.state === 'sent' && entry.way === 'bulk')) return;
        await settleAs(leased, entry, as.trim(), { signal });
      }),
    );
  }
  return await told(parts, instanceUrl, mirror, keys);
}

/** Without those that were sent once more since they were named: a word that waited was of an earlier request. */
async function notSentSince(
  { outbox }: Pick<StoredMirror, 'outbox'>,
  named: readonly OutboxEntry[],
): Promise<OutboxEntry[]> {
  const attempts = new Map<string, number>();
  for await (const page of pagesOf({ outbox }, { keys: named.map(({ key }) => key) }))
    for (const entry of page) attempts.set(entry.key, entry.attempts);
  return named.filter((entry) => attempts.get(entry.key) === entry.attempts);
}

/**
 * A person's word that requests of these that got no answer will not be carried out: nothing waits for them any more. Returns
 * the keys of those that were waited for.
 */
async function release(
  { outbox }: Pick<StoredMirror, 'outbox'>,
  named: readonly OutboxEntry[],
): Promise<string[]> {
  const keys = new Set(named.map(({ key }) => key));
  const lost = (await outbox.lostRequests()).flatMap(({ entry: { key } }) => (keys.has(key) ? [key] : []));
  await outbox.noteLost(lost.map((key) => ({ key, over: null })));
  return lost;
}

async function chosenKeys(mirror: StoredMirror, { keys, as }: OutboxSettleOptions): Promise<string[]> {
  if (keys.length > 0) {
    const named = (await namedEntries(mirror, keys, doubtful)).map(({ key }) => key);
    if (as === null || named.length === 1) return named;
    throw new AppError('INVALID_INPUT', 'Several entries cannot be one contact.', {
      hint: 'Settle each with the Id of its own contact.',
    });
  }
  const all: string[] = [];
  for await (const page of pagesOf(mirror, { states: doubtful })) for (const { key } of page) all.push(key);
  return all;
}

async function* pagesOf(
  { outbox }: Pick<StoredMirror, 'outbox'>,
  filter: { states?: readonly OutboxState[]; keys?: readonly string[] },
): AsyncGenerator<OutboxEntry[]> {
  for (let after = -1; ; ) {
    const page = await outbox.list({ ...filter, after, limit: entriesPerPage });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.seq;
  }
}

async function told(
  { mirrors }: SettleParts,
  instanceUrl: string,
  mirror: StoredMirror,
  keys: readonly string[],
): Promise<OutboxSettleResult> {
  const result: OutboxSettleResult = { instanceUrl, settled: [], inDoubt: [], waitsFor: [], released: [] };
  for await (const page of pagesOf(mirror, { keys })) {
    const people = await peopleOf(mirrors, instanceUrl, page);
    for (const [at, entry] of page.entries()) {
      const view = outboxView(instanceUrl, entry, people[at]!);
      if (doubtful.includes(entry.state)) result.inDoubt.push({ ...view, doubt: doubtOf(entry) });
      else result.settled.push(view);
    }
  }
  return result;
}
