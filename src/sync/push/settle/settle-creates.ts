import { serverClocksMs } from '../../../org/server-clocks.ts';
import type { SyncContext } from '../../context.ts';
import type { Doubt, DoubtCandidate, DoubtNote, DoubtReason } from '../../ports/doubt.ts';
import type { Field } from '../../ports/field.ts';
import type { OutboxEntry, OutboxState, Settlement } from '../../ports/outbox-entry.ts';
import { refreshSchema } from '../../schema.ts';
import { askingNow, isKeylessCreate } from '../entry/is-keyless-create.ts';
import { type DoubtCoverage, doubtCoverage } from './doubt-coverage.ts';
import { freshDoubt } from './fresh-doubt.ts';
import { madeContacts } from './made-contacts.ts';
import { CreateMatcher, type CreateVerdict, type MadeContact } from './match-creates.ts';
import { setBackMs } from './org-now.ts';
import { fieldsNamed, isUnknownField } from './read-doubts.ts';

/** What is read of the outbox at a time. */
const entriesPerPage = 1_000;
/**
 * Between two looks at what was not settled though all was committed: only what becomes of other entries can settle it,
 * and a person may ask at any time.
 */
const lookAgainMs = 15 * 60_000;
/** A minute past the end of the request: what was under way to the org is begun by then, and its clocks agree. */
const pastEndMs = 60_000;
/** A deleted contact can be read for 15 days, then it is purged; a day is left for clocks. */
const binMs = 14 * 86_400_000;
/** Contacts of one user in the span of the doubts; past it a look would take too many calls. */
const mostContacts = 500_000;
/** Candidates kept with an entry. */
const keptCandidates = 10;

export interface SettleCreatesOptions {
  /** Looks again at what was looked at just now. */
  eager?: boolean;
  signal: AbortSignal;
}

/** A create in doubt without its values. */
interface OpenDoubt {
  key: string;
  seq: number;
  madeFrom: number;
  doubt: Doubt;
}

type Settled = Map<string, Settlement>;

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
async function openDoubts(context: SyncContext, eager: boolean): Promise<OpenDoubt[]> {
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
async function coveredOf(
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
  return store(context, covered, matcher);
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

async function store(
  context: SyncContext,
  covered: readonly OpenDoubt[],
  matcher: CreateMatcher,
): Promise<Settled> {
  const { outbox } = context.mirror;
  const at = context.clock.now();
  const verdicts = matcher.verdicts();
  const whole = await groupsNotMade(context, covered, verdicts);
  const doubts = new Map(covered.map(({ key, doubt }) => [key, doubt]));
  const settled: Settled = new Map();
  for await (const page of entriesOf(context, covered)) {
    const settlements: Settlement[] = [];
    const notes: DoubtNote[] = [];
    for (const entry of page) {
      const { key, atomicGroup } = entry;
      const verdict = verdicts.get(key) as CreateVerdict;
      const note = (reason: DoubtReason, candidates: MadeContact[], total: number) => {
        const shown = candidates.slice(0, keptCandidates).map(candidateOf);
        const doubt = { ...(doubts.get(key) as Doubt), askedAt: at, reason };
        notes.push({ key, doubt: { ...doubt, candidates: shown, candidatesTotal: total } });
      };
      if (verdict.kind === 'made') settlements.push(settlementOf(key, verdict.contact, at));
      else if (verdict.kind === 'open') {
        note('contacts-unexplained', matcher.candidates(key, entry.changes), verdict.candidates);
      } else if (setsItsMaking(entry)) note('contacts-unexplained', [], 0);
      else if (atomicGroup !== null && !whole.has(atomicGroup)) note('group-split', [], 0);
      else if (context.clock.now() - (entry.sentAt ?? 0) > binMs) note('too-old', [], 0);
      else settlements.push({ key, state: 'pending', errors: [], at, unsent: true });
    }
    if (settlements.length > 0) await outbox.settle(settlements);
    if (notes.length > 0) await outbox.noteDoubts(notes);
    for (const settlement of settlements) settled.set(settlement.key, settlement);
  }
  return settled;
}

/**
 * Whether it gives the contact another maker or another time than those it is looked for by, as orgs let users who bring
 * older records: that none is found says nothing.
 */
function setsItsMaking({ changes }: OutboxEntry): boolean {
  return Object.keys(changes).some((name) => /^Created(ById|Date)$/i.test(name));
}

/** Groups of which nothing was made: what goes out together is sent again together. */
async function groupsNotMade(
  context: SyncContext,
  covered: readonly OpenDoubt[],
  verdicts: ReadonlyMap<string, CreateVerdict>,
): Promise<Set<string>> {
  const whole = new Set<string>();
  const judged = new Set<string>();
  for await (const page of entriesOf(context, covered)) {
    for (const { atomicGroup, seq } of page) {
      if (atomicGroup === null || judged.has(atomicGroup)) continue;
      judged.add(atomicGroup);
      const near = await context.mirror.outbox.list({ after: seq - 201, limit: 402 });
      const own = near.filter((entry) => entry.atomicGroup === atomicGroup && entry.state !== 'dropped');
      const isNotMade = (entry: OutboxEntry) =>
        verdicts.get(entry.key)?.kind === 'not-made' && !setsItsMaking(entry);
      if (own.every(isNotMade)) whole.add(atomicGroup);
    }
  }
  return whole;
}

function settlementOf(key: string, { id, gone }: MadeContact, at: number): Settlement {
  if (gone !== 'deleted') return { key, state: 'done', contactId: id, created: true, at };
  const message = 'The contact was made, and was deleted in Salesforce since.';
  return { key, state: 'conflict', errors: [{ code: 'CONFLICT', message, fields: [] }], contactId: id, at };
}

function candidateOf({ id, name, email, createdAt, gone }: MadeContact): DoubtCandidate {
  return { id, name, email, createdAt, gone };
}

async function noteAll(context: SyncContext, open: readonly OpenDoubt[], reason: DoubtReason): Promise<void> {
  const askedAt = reason === 'keyed-open' || reason === 'job-open' ? null : context.clock.now();
  for (let from = 0; from < open.length; from += entriesPerPage) {
    const page = open.slice(from, from + entriesPerPage);
    await context.mirror.outbox.noteDoubts(
      page.map(({ key, doubt }) => ({ key, doubt: { ...doubt, askedAt, reason } })),
    );
  }
}

/** Those that are still in doubt: a person may have decided about some meanwhile. */
async function* entriesOf(
  { mirror }: SyncContext,
  open: readonly OpenDoubt[],
): AsyncGenerator<OutboxEntry[]> {
  for (let from = 0; from < open.length; from += entriesPerPage) {
    const keys = open.slice(from, from + entriesPerPage).map(({ key }) => key);
    yield await mirror.outbox.list({ keys, states: ['in-doubt'] });
  }
}

async function* pagesOf(
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
