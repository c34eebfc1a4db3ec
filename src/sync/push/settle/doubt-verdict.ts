import { sameId } from '../../../org/record-id.ts';
import type { Field } from '../../ports/field.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { sameValue, surelySame } from '../values/same-value.ts';
import { setBackMs } from './org-now.ts';

/** A contact as Salesforce has it now. */
export type FoundContact =
  | { kind: 'live'; id: string; stampMs: number; createdMs: number; values: Record<string, unknown> }
  /** In the Recycle Bin, purged, or not shown to this user. */
  | { kind: 'gone'; id: string | null; createdMs: number | null };

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
  if (entry.op === 'delete') return verdictOfDelete(entry, found);
  return found.kind === 'gone' ? verdictOfGone(entry, found) : verdictOfWrite(entry, found, fields);
}

function verdictOfDelete(entry: OutboxEntry, found: FoundContact): Verdict {
  if (found.kind === 'gone') return { kind: 'as-sent', id: entry.contactId ?? '', created: false };
  if (isBefore(found.stampMs, entry) || isKnownStamp(entry, found)) return { kind: 'untouched' };
  const message = 'The contact was changed or restored in Salesforce after its delete was sent.';
  return { kind: 'changed', id: found.id, message, fields: [] };
}

/**
 * Whether the mirror knew its stamp before, so that it is not that of a restoring: within the second of the request only
 * where it bears the name of the user who had it deleted, as the change before that may.
 */
function isKnownStamp(
  { knownBefore, sentOrgAt, sentBy }: OutboxEntry,
  { stampMs, values }: Extract<FoundContact, { kind: 'live' }>,
): boolean {
  const known = knownBefore?.stamp ?? null;
  if (known === null || Date.parse(known) !== stampMs) return false;
  if (sentOrgAt === null) return true;
  const { LastModifiedById: changedBy } = values;
  return typeof changedBy === 'string' && sentBy !== null && sameId(changedBy, sentBy);
}

function verdictOfGone(entry: OutboxEntry, found: Extract<FoundContact, { kind: 'gone' }>): Verdict {
  const isUpsert = entry.op === 'create';
  // A deleted contact from before is none that an upsert meets.
  if (isUpsert && (found.createdMs === null || isBefore(found.createdMs, entry)))
    return { kind: 'untouched' };
  const message = isUpsert
    ? 'The contact was made, and was deleted in Salesforce since.'
    : 'The contact was deleted in Salesforce after its change was sent, or is not shown to this user.';
  return { kind: 'changed', id: found.id, message, fields: [] };
}

function verdictOfWrite(
  entry: OutboxEntry,
  found: Extract<FoundContact, { kind: 'live' }>,
  fields: ReadonlyMap<string, Field>,
): Verdict {
  const sent = Object.entries(entry.changes).filter(([name]) => name !== entry.upsertField);
  const comparable = sent.filter(([name, value]) => isComparable(name, value, found, fields));
  const untouched = isBefore(found.stampMs, entry);
  // What was there before is the value itself, or is none of it; what was written since may be what the org has made of it.
  const isSame = untouched ? surelySame : sameValue;
  const differing = comparable.filter(
    ([name, value]) => !isSame(value, found.values[name], fields.get(name)),
  );
  const all = comparable.length === sent.length;
  if (differing.length === 0 && (all || (!untouched && comparable.length > 0)))
    return { kind: 'as-sent', id: found.id, created: wasCreated(entry, found) };
  if (untouched || isAsBefore(entry, sent, found, fields)) return { kind: 'untouched' };
  return {
    kind: 'changed',
    id: found.id,
    message: `The contact was changed in Salesforce after it was sent: ${differing
      .map(([name, value]) => `${name} is ${shown(found.values[name])} and was to be ${shown(value)}`)
      .join('; ')}.`,
    fields: differing.map(([name]) => name),
  };
}

/** Nested values (a parent by its external id) and masked fields say nothing by themselves. */
function isComparable(
  name: string,
  value: unknown,
  found: Extract<FoundContact, { kind: 'live' }>,
  fields: ReadonlyMap<string, Field>,
): boolean {
  if (!(name in found.values) || fields.get(name)?.type === 'encryptedstring') return false;
  return typeof value !== 'object' || value === null;
}

function isAsBefore(
  { knownBefore }: OutboxEntry,
  sent: readonly [name: string, value: unknown][],
  found: Extract<FoundContact, { kind: 'live' }>,
  fields: ReadonlyMap<string, Field>,
): boolean {
  if (knownBefore === null) return false;
  return sent.every(
    ([name]) =>
      name in knownBefore.values &&
      surelySame(knownBefore.values[name], found.values[name], fields.get(name)),
  );
}

function wasCreated(entry: OutboxEntry, { createdMs }: { createdMs: number }): boolean {
  return entry.op === 'create' && entry.sentOrgAt !== null && !isBefore(createdMs, entry);
}

/** Stamps have whole seconds, so one of the very second of the request may be from before or after it. */
function isBefore(stampMs: number, { sentOrgAt }: OutboxEntry): boolean {
  return sentOrgAt !== null && Math.floor(stampMs / 1_000) < Math.floor(sentOrgAt / 1_000);
}

/** Long texts are cut: the entry itself has what was sent, and Salesforce what is there. */
function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'empty';
  const text = String(value);
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}
