import type { OutboxShowOptions, OutboxShowResult, OutboxWait } from '../contract/outbox.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { OutboxEntry } from '../sync/ports/outbox-entry.ts';
import { lostBefore } from '../sync/push/plan/behind-lost.ts';
import { undecidedBefore } from '../sync/push/plan/undecided-before.ts';
import { listedOrgs } from './chosen-orgs.ts';
import type { ConnectParts } from './connect-org.ts';
import { doubtOf } from './doubt-view.ts';
import { meansSeveral, startingWith, unknownEntry } from './named-entries.ts';
import { orgHaving } from './org-of-entries.ts';
import type { OutboxListParts } from './outbox-listing.ts';
import { peopleOf } from './outbox-people.ts';
import { outboxView } from './outbox-view.ts';

export interface ShowParts extends Omit<OutboxListParts, 'registry'>, ConnectParts {
  readonly mirrors: OutboxListParts['mirrors'] & ConnectParts['mirrors'];
}

/** One entry with all that is known here of it; with `live` what the org has now too. */
export async function showEntry(
  parts: ShowParts,
  { org: name, key, live = false }: OutboxShowOptions,
  signal: AbortSignal,
): Promise<OutboxShowResult> {
  const orgs = await listedOrgs(parts, name);
  const org = orgs.length > 1 ? await orgHaving(parts, orgs, [key], signal) : orgs[0];
  const entry = org === undefined ? undefined : await entryOf(parts, org, key);
  if (org === undefined || entry === undefined) throw unknownEntry(`There is no entry ${key}.`);
  const waits = entry.state === 'pending' ? await waitsOf(parts, org, entry) : { lost: null, undecided: [] };
  const [person] = await peopleOf(parts.mirrors, org.instanceUrl, [entry]);
  const { way, api, upsertField, allowDuplicates } = entry;
  return {
    entry: {
      ...outboxView(org.instanceUrl, entry, person!),
      ...basesOf(entry),
      way,
      api,
      upsertField,
      allowDuplicates,
      doubt: doubtOf(entry),
      waitsForRequestOf: waits.lost,
      waitsFor: waits.undecided,
    },
    salesforce: live ? await (await import('./live-entry.ts')).liveEntry(parts, org, entry, signal) : null,
  };
}

async function entryOf(
  { mirrors }: Pick<ShowParts, 'mirrors'>,
  { instanceUrl }: OrgRecord,
  key: string,
): Promise<OutboxEntry | undefined> {
  if (!(await mirrors.exists(instanceUrl))) return undefined;
  await using mirror = await mirrors.open(instanceUrl, { create: false });
  const [entry, other] = await startingWith(mirror, key);
  if (other !== undefined) throw unknownEntry(meansSeveral(key));
  return entry;
}

/** What it waits for: the key of the entry whose request was cut, and entries that need a decision. */
async function waitsOf(
  { mirrors }: Pick<ShowParts, 'mirrors'>,
  { instanceUrl }: OrgRecord,
  entry: OutboxEntry,
): Promise<{ lost: string | null; undecided: OutboxWait[] }> {
  await using mirror = await mirrors.open(instanceUrl, { create: false });
  const lost = await lostBefore({ mirror }, entry);
  const undecided = await undecidedBefore({ mirror }, entry);
  return { lost: lost?.key ?? null, undecided: undecided.map(({ key, state }) => ({ key, state })) };
}

/** From a conflict on, the base of an entry is what Salesforce had by then. A push was based on nothing before. */
function basesOf({
  local,
  base,
  firstBase,
  found,
}: OutboxEntry): Pick<OutboxShowResult['entry'], 'base' | 'found'> {
  if (!local) return { base: null, found };
  if (firstBase === null) return { base, found };
  const { IsDeleted: _isGone, ...last } = base ?? {};
  const edited = Object.entries(last).filter(([name]) => found === null || !(name in found));
  return { base: { ...Object.fromEntries(edited), ...firstBase }, found };
}
