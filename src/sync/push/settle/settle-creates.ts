import { serverClocksMs } from '../../../org/server-clocks.ts';
import type { SyncContext } from '../../context.ts';
import type { DoubtReason } from '../../ports/doubt.ts';
import type { Field } from '../../ports/field.ts';
import type { OutboxState } from '../../ports/outbox-entry.ts';
import { refreshSchema } from '../../schema.ts';
import { askingNow, isKeylessCreate } from '../entry/is-keyless-create.ts';
import { doubtCoverage } from './doubt-coverage.ts';
import { madeContacts } from './made-contacts.ts';
import { CreateMatcher } from './match-creates.ts';
import {
  coveredOf,
  entriesOf,
  noteAll,
  type OpenDoubt,
  openDoubts,
  pagesOf,
  pastEndMs,
} from './open-doubts.ts';
import { fieldsNamed, isUnknownField } from './read-doubts.ts';
import { type Settled, storeVerdicts } from './store-verdicts.ts';

/** Contacts of one user in the span of the doubts; past it a look would take too many calls. */
const mostContacts = 500_000;

export interface SettleCreatesOptions {
  /** Looks again at what was looked at just now. */
  eager?: boolean;
  signal: AbortSignal;
}

/**
 * Settles creates that no key and no Id tells of by the contacts that this user made since they were sent, once the org
 * says that nothing from then is still open, and stores what follows: done, waiting to be sent again, in conflict where
 * the contact was deleted since, else what the entry may have become. Takes one call while the org does not say so. To
 * be called by whoever holds the drain lease, before anything is sent. Throws where Salesforce cannot be asked.
 */
export async function settleCreates(
  context: SyncContext,
  { eager = false, signal }: SettleCreatesOptions,
): Promise<Settled> {
  const open = await openDoubts(context, eager);
  if (open.length === 0) return new Map();
  const ended = Math.min(...open.map(({ doubt }) => doubt.endedOrgAt ?? Number.POSITIVE_INFINITY));
  const known = Number.isFinite(ended) ? ended + pastEndMs : null;
  const coverage = await doubtCoverage(context, known, { signal });
  if (coverage === null) return new Map();
  const covered = await coveredOf(context, open, coverage);
  if (covered.length === 0) return new Map();
  const reason = await hindrance(context);
  if (reason !== null) {
    await noteAll(context, covered, reason);
    return new Map();
  }
  try {
    return await settleCovered(context, covered, signal);
  } catch (error) {
    if (!isUnknownField(error)) throw error;
    await refreshSchema(context, { force: true, signal });
    return settleCovered(context, covered, signal);
  }
}

/**
 * Keeps when the requests of doubts that have just arisen were at their end, so that the next drain may settle them: by
 * an answer to a call that is made now. One call where there are such.
 */
export async function noteEnds(context: SyncContext, { signal }: { signal: AbortSignal }): Promise<void> {
  const open = (await openDoubts(context, true)).filter(({ doubt }) => doubt.endedOrgAt === null);
  if (open.length === 0) return;
  const coverage = await doubtCoverage(context, null, { signal });
  if (coverage !== null) await coveredOf(context, open, coverage);
}

/**
 * A create that is yet to be repeated by its key, or an upsert that could not be read, may have made one of the contacts
 * that would be taken for another's.
 */
async function hindrance(context: SyncContext): Promise<DoubtReason | null> {
  const asking = askingNow(context);
  for await (const page of pagesOf(context, ['pending', 'sent', 'in-doubt'], { maybeSent: true })) {
    const creates = page.filter((entry) => entry.op === 'create' && entry.contactId === null);
    if (creates.some((entry) => !isKeylessCreate(entry, asking))) return 'keyed-open';
    if (creates.some((entry) => entry.way === 'bulk' && entry.state === 'sent')) return 'job-open';
  }
  return null;
}

async function settleCovered(
  context: SyncContext,
  covered: readonly OpenDoubt[],
  signal: AbortSignal,
): Promise<Settled> {
  const { outbox } = context.mirror;
  const names = await namesOf(context, covered);
  // A mirror of some fields only may lack these.
  const needed = new Set([...names, 'CreatedById', 'CreatedDate']);
  const fields = await fieldsNamed(context, needed, { signal });
  if (!fields.has('CreatedById') || !fields.has('CreatedDate')) {
    await noteAll(context, covered, 'creator-hidden');
    return new Map();
  }
  const matcher = await matcherOf(context, covered, fields);
  const from = Math.min(...covered.map(({ madeFrom }) => madeFrom)) - serverClocksMs;
  const before = Math.max(...covered.map(({ doubt }) => doubt.madeBefore ?? 0));
  let seen = 0;
  for await (const page of madeContacts(context, { from, before }, { names: [...names], fields, signal })) {
    seen += page.length;
    if (seen > mostContacts) {
      await noteAll(context, covered, 'too-many');
      return new Map();
    }
    const accounted = await outbox.accountedFor(page.map(({ id }) => id));
    const [made, maybe] = [new Set(accounted.made), new Set(accounted.maybe)];
    for (const contact of page) {
      if (maybe.has(contact.id)) matcher.seeStranger(contact);
      else if (!made.has(contact.id)) matcher.see(contact);
    }
  }
  return storeVerdicts(context, covered, matcher);
}

async function namesOf(context: SyncContext, covered: readonly OpenDoubt[]): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const page of entriesOf(context, covered)) {
    for (const { changes } of page) for (const name of Object.keys(changes)) names.add(name);
  }
  return names;
}

async function matcherOf(
  context: SyncContext,
  covered: readonly OpenDoubt[],
  fields: ReadonlyMap<string, Field>,
): Promise<CreateMatcher> {
  const matcher = new CreateMatcher(fields);
  const spans = new Map(covered.map((one) => [one.key, one]));
  for await (const page of entriesOf(context, covered)) {
    for (const { key, changes } of page) {
      const { madeFrom, doubt } = spans.get(key) as OpenDoubt;
      matcher.add({ key, changes, madeFrom, madeBefore: doubt.madeBefore ?? 0 });
    }
  }
  const before = Math.max(...covered.map(({ doubt }) => doubt.madeBefore ?? 0));
  // Others that may have been made and are nobody's any more, or are looked at another time.
  const others = new Set<OutboxState>(['dropped', 'in-doubt']);
  for await (const page of pagesOf(context, [...others], { maybeSent: true })) {
    for (const { key, op, contactId, changes, sentOrgAt } of page) {
      if (op !== 'create' || contactId !== null || spans.has(key)) continue;
      const madeFrom = Math.floor((sentOrgAt ?? 0) / 1_000) * 1_000;
      if (madeFrom < before) matcher.add({ key, changes, madeFrom, madeBefore: before, isGivenUp: true });
    }
  }
  return matcher;
}
