import type { SyncContext } from '../../context.ts';
import type { Doubt, DoubtCandidate, DoubtNote, DoubtReason } from '../../ports/doubt.ts';
import type { OutboxEntry, Settlement } from '../../ports/outbox-entry.ts';
import type { CreateMatcher, CreateVerdict, MadeContact } from './match-creates.ts';
import { entriesOf, type OpenDoubt } from './open-doubts.ts';

/** A deleted contact can be read for 15 days, then it is purged; a day is left for clocks. */
const binMs = 14 * 86_400_000;
/** Candidates kept with an entry. */
const keptCandidates = 10;

export type Settled = Map<string, Settlement>;

/** Stores what follows from the verdicts. */
export async function storeVerdicts(
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
