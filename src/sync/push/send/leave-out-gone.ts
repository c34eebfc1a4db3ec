import { randomUUID } from 'node:crypto';
import type { SyncContext } from '../../context.ts';
import type { Field } from '../../ports/field.ts';
import type { EditDecision, EditPart, OutboxEntry, WaitsForContact } from '../../ports/outbox-entry.ts';
import type { RecordError } from '../../ports/record-writes.ts';
import { refreshSchema } from '../../schema.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import { fieldsNamed } from '../settle/read-doubts.ts';
import { cannotBeAsked } from './cannot-be-asked.ts';
import type { Standing } from './store-answer.ts';

type Values = Record<string, unknown>;

const waitsForContact: WaitsForContact = 'NOT_CREATEABLE';
const isNoField = 'INVALID_FIELD';
const isReadOnly = 'INVALID_FIELD_FOR_INSERT_UPDATE';
const ofFields: ReadonlySet<string> = new Set([isNoField, isReadOnly]);

/** An edit of a program that no request may have carried with all it says now. */
function isAmendable({ local, op, state, sentAt }: OutboxEntry): boolean {
  return local && state === 'pending' && (op === 'update' || (op === 'create' && sentAt === null));
}

/**
 * Parts edits of programs from those of their fields that cannot be written: the org has such a field no more, or this
 * user may not write it, so that Salesforce would refuse all of the edit. What is parted waits as an entry of its own,
 * refused by name; what can be written once the contact is there goes then. Returns the entries that are to be sent, with
 * what is left of them, and for how many of them something goes then. Throws where Salesforce cannot be asked.
 */
export async function leaveOutGone(
  context: SyncContext,
  entries: readonly OutboxEntry[],
  progress: DrainProgress,
  { signal }: { signal: AbortSignal },
): Promise<{ left: OutboxEntry[]; behind: number }> {
  const all = { left: [...entries], behind: 0 };
  const edits = entries.filter(isAmendable);
  if (edits.length === 0) return all;
  const stored = (await context.mirror.schema.fields()).filter(({ vanished }) => !vanished);
  if (partings(edits, stored).length === 0) return all;
  const parted = partings(edits, await fieldsAnew(context, edits, { signal }));
  const decisions = parted.map(decisionOf);
  const record = { runId: progress.runId, step: 'left-out', lines: [] };
  const taken = new Set(await context.mirror.outbox.decideEdits(decisions, record, context.clock.now()));
  const decided = new Map(decisions.map((decision) => [decision.key, decision]));
  const left = entries.flatMap((entry) => {
    const decision = decided.get(entry.key);
    if (decision === undefined) return [entry];
    // A program has edited it again meanwhile, or a person has given it up.
    if (!taken.has(entry.key)) return [];
    if (decision.kind === 'part') return [{ ...entry, key: decision.as, changes: decision.changes }];
    progress.countDecided('reject');
    return [];
  });
  if (taken.size > 0) tell(context, parted);
  await countApart(context, decisions, progress);
  const behind = parted.filter(({ entry, later }) => taken.has(entry.key) && !isEmpty(later));
  return { left, behind: behind.length };
}

/**
 * What is refused apart is so whatever becomes of the rest. What a later edit says anew is given up, and what waits for its contact
 * goes by itself.
 */
async function countApart(
  { mirror: { outbox } }: Pick<SyncContext, 'mirror'>,
  decisions: readonly EditDecision[],
  progress: DrainProgress,
): Promise<void> {
  const rests = new Map<string, string>();
  for (const decision of decisions) {
    if (decision.kind !== 'part') continue;
    for (const { key, errors } of decision.parts)
      if (errors[0]?.code !== waitsForContact) rests.set(key, decision.as);
  }
  if (rests.size === 0) return;
  for (const { key } of await outbox.list({ keys: [...rests.keys()], states: ['rejected'] })) {
    progress.countDecided('reject');
    progress.parted.add(rests.get(key)!);
  }
}

/** Keys of refused edits that have become one with what was parted from them, and is counted. */
export async function oneWithParted(
  { mirror: { outbox } }: Pick<SyncContext, 'mirror'>,
  standings: readonly Standing[],
  { parted }: Pick<DrainProgress, 'parted'>,
): Promise<ReadonlySet<string>> {
  const keys = standings.flatMap(({ entry: { key }, settlement }) =>
    settlement.state === 'rejected' && parted.has(key) ? [key] : [],
  );
  if (keys.length === 0) return new Set();
  const open = new Set((await outbox.list({ keys, states: ['rejected'] })).map(({ key }) => key));
  return new Set(keys.filter((key) => !open.has(key)));
}

/**
 * Edits that were refused for fields that the mirror believed in wait again, to be sent without them. Returns their keys;
 * none where the org cannot be asked now.
 */
export async function waitingAgain(
  context: SyncContext,
  standings: readonly Standing[],
  { signal }: { signal: AbortSignal },
): Promise<ReadonlySet<string>> {
  const refused = standings.flatMap(({ entry, settlement }) =>
    settlement.state === 'rejected' && entry.local && settlement.errors.some(({ code }) => ofFields.has(code))
      ? [entry]
      : [],
  );
  if (refused.length === 0) return new Set();
  try {
    const parted = partings(refused, await fieldsAnew(context, refused, { signal }));
    const keys = parted.map(({ entry }) => entry.key);
    const { outbox } = context.mirror;
    return new Set(await outbox.move(keys, ['rejected'], 'pending', context.clock.now()));
  } catch (error) {
    if (!cannotBeAsked(error)) throw error;
    return new Set();
  }
}

/** What the mirror knows may be an hour old, and a field that is back must not be refused. */
async function fieldsAnew(
  context: SyncContext,
  edits: readonly OutboxEntry[],
  { signal }: { signal: AbortSignal },
): Promise<readonly Field[]> {
  await refreshSchema(context, { force: true, signal });
  const names = new Set(edits.flatMap(({ changes }) => Object.keys(changes)));
  return [...(await fieldsNamed(context, names, { signal })).values()];
}

interface Parting {
  entry: OutboxEntry;
  /** What can be written now. */
  rest: Values;
  /** What can be written when the contact is made. */
  later: Values;
  gone: Values;
  /** Of `gone`. */
  errors: RecordError[];
}

/** Of those entries that have something to be parted. Names know no case. */
function partings(edits: readonly OutboxEntry[], fields: readonly Field[]): Parting[] {
  const byName = new Map(fields.map((field) => [field.name.toLowerCase(), field]));
  return edits.flatMap((entry): Parting[] => {
    const parting: Parting = { entry, rest: {}, later: {}, gone: {}, errors: [] };
    const [unknown, readOnly]: string[][] = [[], []];
    for (const [name, value] of Object.entries(entry.changes)) {
      const field = byName.get(name.toLowerCase());
      const isCreate = entry.op === 'create';
      if (isCreate ? field?.createable : field?.updateable) parting.rest[name] = value;
      else if (isCreate && field?.updateable) parting.later[name] = value;
      else {
        parting.gone[name] = value;
        (field === undefined ? unknown : readOnly)!.push(name);
      }
    }
    parting.errors = [
      ...errorOf(isNoField, unknown!, 'no field of the org any more, or hidden from this user'),
      ...errorOf(isReadOnly, readOnly!, 'not to be written by this user any more'),
    ];
    const isParted = Object.keys(parting.rest).length < Object.keys(entry.changes).length;
    return isParted ? [parting] : [];
  });
}

function isEmpty(values: Values): boolean {
  return Object.keys(values).length === 0;
}

function errorOf(code: string, fields: string[], why: string): RecordError[] {
  if (fields.length === 0) return [];
  const is = fields.length === 1 ? 'is' : 'are';
  const message = `${fields.join(', ')} ${is} ${why}: \`parahack-sync outbox retry KEY\` sends this when that is mended, the next edit of the contact or \`parahack-sync outbox drop KEY\` gives it up.`;
  return [{ code, message, fields }];
}

function decisionOf({ entry: { key, op, attempts }, rest, later, gone, errors }: Parting): EditDecision {
  const names = Object.keys(later);
  const message = `${names.join(', ')} can only be written when the contact is there, and then is.`;
  const waiting: RecordError = { code: waitsForContact, message, fields: names };
  if (isEmpty(rest)) return { key, kind: 'reject', errors: isEmpty(later) ? errors : [waiting, ...errors] };
  const parts: EditPart[] = [
    { key: randomUUID(), changes: later, errors: [waiting] },
    { key: randomUUID(), changes: gone, errors },
  ];
  // Salesforce may know the key with what it was sent with before.
  const as = op === 'create' && attempts > 0 ? randomUUID() : key;
  return { key, kind: 'part', as, changes: rest, parts: parts.filter(({ changes }) => !isEmpty(changes)) };
}

function tell({ log, remote }: SyncContext, parted: readonly Parting[]): void {
  const names = new Set(parted.flatMap(({ gone }) => Object.keys(gone)));
  if (names.size === 0) return;
  log.warn(
    `${remote.instanceUrl}: ${[...names].join(', ')} cannot be written any more, and ${parted.length === 1 ? 'an edit was' : `${parted.length} edits were`} sent without; \`parahack-sync outbox list --state rejected\` has the values`,
  );
}
