import { sameId } from '../../../org/record-id.ts';
import type { Field } from '../../ports/field.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { planEdit, shown as shownWhole } from '../../two-way/plan-edit.ts';
import { sameValue, surelySame } from '../values/same-value.ts';
import { setBackMs } from './org-now.ts';

/** A contact as Salesforce has it now. */
export type FoundContact =
  | { kind: 'live'; id: string; stampMs: number; createdMs: number; values: Record<string, unknown> }
  /** In the Recycle Bin or purged (`isStated`: the org has said so), or not shown to this user. */
  | { kind: 'gone'; id: string | null; createdMs: number | null; isStated: boolean };

type LiveContact = Extract<FoundContact, { kind: 'live' }>;

/**
 * What a contact tells of a write whose answer never came. `as-sent`: it is as the write wanted it. `untouched`:
 * nothing was written, so it may be sent again. `changed`: somebody else wrote meanwhile, and sending again would
 * undo that.
 */
export type Verdict =
  | { kind: 'as-sent'; id: string; created: boolean }
  | { kind: 'untouched' }
  | { kind: 'changed'; id: string | null; message: string; fields: string[] };

/** `now`: the org's time, ms; null where it has told none. Where it is well before the sending, stamps tell no order. */
export function doubtVerdict(
  asked: OutboxEntry,
  found: FoundContact,
  fields: ReadonlyMap<string, Field>,
  now: number | null,
): Verdict {
  const isSetBack = now !== null && asked.sentOrgAt !== null && now < asked.sentOrgAt - setBackMs;
  const entry = isSetBack ? { ...asked, sentOrgAt: null } : asked;
  if (entry.op === 'delete') return verdictOfDelete(entry, found, fields);
  return found.kind === 'gone' ? verdictOfGone(entry, found) : verdictOfWrite(entry, found, fields);
}

function verdictOfDelete(
  entry: OutboxEntry,
  found: FoundContact,
  fields: ReadonlyMap<string, Field>,
): Verdict {
  // One that sharing hides from this user may live on: Salesforce has to say so itself.
  if (found.kind === 'gone')
    return found.isStated
      ? { kind: 'as-sent', id: entry.contactId ?? '', created: false }
      : { kind: 'untouched' };
  if (isUntouched(entry, found) || isKnownAsOwn(entry, found)) return { kind: 'untouched' };
  const what = 'The contact was changed or restored in Salesforce after its delete was sent';
  const changed = changedOf(entry, found, fields);
  const told = changed?.map((name) => `${name} is ${shownWhole(found.values[name])}`);
  const more =
    told === undefined
      ? ''
      : `: ${told.length > 0 ? told.join('; ') : 'no field that can be edited differs, only its stamp'}`;
  return { kind: 'changed', id: found.id, message: `${what}${more}.`, fields: changed ?? [] };
}

/**
 * Fields of a contact that a delete would take along, and that are not as the delete was based on, or for one of a push not as the
 * mirror had them when it was sent; null where neither is known.
 */
function changedOf(
  { base, contactId, knownBefore }: OutboxEntry,
  found: LiveContact,
  fields: ReadonlyMap<string, Field>,
): string[] | null {
  const known = base ?? knownBefore?.values ?? {};
  // A former version kept nothing of a delete but the stamp.
  if (Object.keys(known).length === 0) return null;
  const plan = planEdit(
    { op: 'delete', changes: {}, base: known, contactId },
    { kind: 'live', id: found.id, values: found.values, isAsMade: false },
    { policy: 'manual', fields, isSame: surelySame },
  );
  return plan.kind === 'conflict' ? plan.fields : [];
}

/**
 * Whether its stamp tells that nobody else has written it since the request. One of shortly before may be of a server whose
 * clock is behind, or of a clock that was set back: it tells so where the mirror knew it, or the sender has changed it last.
 * An edit with a base is held against what is there before it is sent again.
 */
function isUntouched(entry: OutboxEntry, found: LiveContact): boolean {
  if (isLongBefore(found.stampMs, entry)) return true;
  if (!isBefore(found.stampMs, entry)) return false;
  return entry.base !== null || isKnownStamp(entry, found) || isBySender(entry, found);
}

/** Within the second of the request a known stamp is that of no restoring where the user who had it deleted has changed it last. */
function isKnownAsOwn(entry: OutboxEntry, found: LiveContact): boolean {
  return isKnownStamp(entry, found) && (entry.sentOrgAt === null || isBySender(entry, found));
}

function isBySender({ sentBy }: OutboxEntry, { values }: LiveContact): boolean {
  const { LastModifiedById: changedBy } = values;
  return typeof changedBy === 'string' && sentBy !== null && sameId(changedBy, sentBy);
}

function isKnownStamp({ knownBefore }: OutboxEntry, { stampMs }: LiveContact): boolean {
  const known = knownBefore?.stamp ?? null;
  return known !== null && Date.parse(known) === stampMs;
}

function verdictOfGone(entry: OutboxEntry, found: Extract<FoundContact, { kind: 'gone' }>): Verdict {
  const isUpsert = entry.op === 'create';
  // A deleted contact from before is none that an upsert meets.
  if (isUpsert && (found.createdMs === null || isLongBefore(found.createdMs, entry)))
    return { kind: 'untouched' };
  const message = isUpsert
    ? 'The contact was made, and was deleted in Salesforce since.'
    : 'The contact was deleted in Salesforce after its change was sent, or is not shown to this user.';
  return { kind: 'changed', id: found.id, message, fields: [] };
}

function verdictOfWrite(entry: OutboxEntry, found: LiveContact, fields: ReadonlyMap<string, Field>): Verdict {
  const sent = Object.entries(entry.changes).filter(([name]) => name !== entry.upsertField);
  const comparable = sent.filter(([name, value]) => isComparable(name, value, found, fields));
  const isEarlier = isBefore(found.stampMs, entry);
  const differingBy = (isSame: typeof surelySame) =>
    comparable.filter(([name, value]) => !isSame(value, found.values[name], fields.get(name)));
  // What was there before is the value itself, or is none of it; what was written since may be what the org has made of it.
  const differing = differingBy(isEarlier ? surelySame : sameValue);
  const untold = sent.filter((one) => !comparable.includes(one)).map(([name]) => name);
  const before = entry.base ?? entry.knownBefore?.values ?? {};
  // What others are told by: that one of them was not so before the request.
  const isTold = () =>
    !isEarlier &&
    (wasCreated(entry, found) ||
      comparable.some(
        ([name, value]) => name in before && !sameValue(before[name], value, fields.get(name)),
      ));
  if (differing.length === 0 && (untold.length === 0 || isTold()))
    return { kind: 'as-sent', id: found.id, created: wasCreated(entry, found) };
  // Nobody's work is undone where all of it is as it was to be but for its form.
  const isAlike =
    comparable.length > 0 && (isEarlier || untold.length === 0) && differingBy(sameValue).length === 0;
  if (isAlike || isUntouched(entry, found) || isAsBefore(entry, sent, found, fields))
    return { kind: 'untouched' };
  const told = differing.map(([name, value]) => {
    // Nobody can tell whether it was written and set back: it is in conflict all the same.
    const asBefore = isFieldAsIn(before, name, { found, fields }) ? ', as before,' : '';
    return `${name} is ${shown(found.values[name])}${asBefore} and was to be ${shown(value)}`;
  });
  const values = told.length === 0 ? '' : `: ${told.join('; ')}`;
  const doubt =
    untold.length === 0
      ? ''
      : `, and nobody can tell whether ${untold.join(' and ')} ${untold.length === 1 ? 'is as it was' : 'are as they were'} to be`;
  return {
    kind: 'changed',
    id: found.id,
    message: `The contact was changed in Salesforce after it was sent${values}${doubt}.`,
    fields: [...differing.map(([name]) => name), ...untold],
  };
}

/** Nested values (a parent by its external id) and masked fields say nothing by themselves. */
function isComparable(
  name: string,
  value: unknown,
  found: LiveContact,
  fields: ReadonlyMap<string, Field>,
): boolean {
  if (!(name in found.values) || fields.get(name)?.type === 'encryptedstring') return false;
  return typeof value !== 'object' || value === null;
}

function isAsBefore(
  { knownBefore }: OutboxEntry,
  sent: readonly [name: string, value: unknown][],
  found: LiveContact,
  fields: ReadonlyMap<string, Field>,
): boolean {
  if (knownBefore === null) return false;
  return sent.every(([name]) => isFieldAsIn(knownBefore.values, name, { found, fields }));
}

function isFieldAsIn(
  before: Readonly<Record<string, unknown>>,
  name: string,
  { found, fields }: { found: LiveContact; fields: ReadonlyMap<string, Field> },
): boolean {
  const now = found.values[name];
  // All masked values are alike, and an empty one has none before it.
  const isMasked = fields.get(name)?.type === 'encryptedstring' && (now ?? null) !== null;
  const isShown = name in found.values && !isMasked;
  return isShown && name in before && surelySame(before[name], now, fields.get(name));
}

function wasCreated(entry: OutboxEntry, { createdMs }: { createdMs: number }): boolean {
  return entry.op === 'create' && entry.sentOrgAt !== null && !isBefore(createdMs, entry);
}

/** Stamps have whole seconds, so one of the very second of the request may be from before or after it. */
function isBefore(stampMs: number, { sentOrgAt }: OutboxEntry): boolean {
  return sentOrgAt !== null && Math.floor(stampMs / 1_000) < Math.floor(sentOrgAt / 1_000);
}

/** Before the sending by whatever clock of the org. */
function isLongBefore(stampMs: number, { sentOrgAt }: OutboxEntry): boolean {
  return sentOrgAt !== null && stampMs < sentOrgAt - setBackMs;
}

/** Long texts are cut: the entry itself has what was sent, and Salesforce what is there. */
function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'empty';
  const text = String(value);
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}
