import type { ConflictPolicy } from '../../org/conflict-policy.ts';
import type { Field } from '../ports/field.ts';
import type { OutboxEntry } from '../ports/outbox-entry.ts';

type Values = Readonly<Record<string, unknown>>;

/** The contact of an edit as Salesforce has it right before the edit would be sent. */
export type EditedContact =
  /** `isAsMade`: nobody has changed it since this user made it. */
  | { kind: 'live'; id: string; values: Values; isAsMade: boolean }
  /** Its edits go to the contact into which it was merged; `values` are that one's. */
  | { kind: 'merged'; id: string; values: Values }
  /** `isStated`: Salesforce says, or has said, that it was deleted; else it may live on, hidden from this user. */
  | { kind: 'gone'; isStated: boolean };

/** A value that does not come to stand in Salesforce, or stands there no more. */
export interface LostValue {
  field: string;
  side: 'local' | 'salesforce';
  value: unknown;
  /** What goes before it. */
  by: unknown;
}

/**
 * What is to become of an edit. `send`: these changes, `lost` being Salesforce's values that they replace and local ones
 * that are left out. `done`: Salesforce has it all already. `drop`: nothing of it is left to send. `reject`: it cannot
 * be done any more. `conflict`: a person decides; `base` is what Salesforce has, so that a decision for the local side
 * holds for that and for nothing later.
 */
export type EditPlan =
  | { kind: 'send'; id: string; changes: Values; lost: LostValue[] }
  | { kind: 'done'; id: string }
  | { kind: 'drop'; lost: LostValue[]; reason: string }
  | { kind: 'reject'; code: 'ENTITY_IS_DELETED' | 'INVALID_CROSS_REFERENCE_KEY'; reason: string }
  | { kind: 'conflict'; id: string | null; fields: string[]; reason: string; base: Values };

export interface EditRules {
  policy: ConflictPolicy;
  fields: ReadonlyMap<string, Field>;
  /** Whether two values of a field are the same for Salesforce. */
  isSame(a: unknown, b: unknown, field: Field | undefined): boolean;
}

type Edit = Pick<OutboxEntry, 'op' | 'changes' | 'base' | 'contactId'>;

const deleted = 'The contact was deleted in Salesforce, or is not shown to this user any more.';
const notShown =
  'Salesforce does not show the contact to this user any more, and does not say that it was deleted.';
const merged = 'The contact was merged into another one in Salesforce.';

/** Compares an edit with what it is based on and with what Salesforce has now, field by field. Pure. */
export function planEdit(edit: Edit, found: EditedContact, rules: EditRules): EditPlan {
  if (edit.op === 'delete') return planDelete(edit, found, rules);
  return found.kind === 'gone' ? planGone(edit, rules) : planUpdate(edit, found, rules);
}

function planUpdate(
  edit: Edit,
  found: Exclude<EditedContact, { kind: 'gone' }>,
  { policy, fields, isSame }: EditRules,
): EditPlan {
  const changes: Record<string, unknown> = {};
  const lost: LostValue[] = [];
  const disputed: string[] = [];
  for (const [name, mine] of Object.entries(edit.changes)) {
    const field = fields.get(name);
    const theirs = found.values[name];
    const isKnown = name in found.values && field?.type !== 'encryptedstring';
    if (isKnown && isSame(mine, theirs, field)) continue;
    if (!isKnown || !isDisputed(edit, name, found, { fields, isSame })) {
      changes[name] = mine;
      continue;
    }
    disputed.push(name);
    if (policy === 'salesforce-wins') lost.push({ field: name, side: 'local', value: mine, by: theirs });
    else {
      changes[name] = mine;
      lost.push({ field: name, side: 'salesforce', value: theirs, by: mine });
    }
  }
  const reason = reasonOf(found, disputed, edit, found.values);
  if (disputed.length > 0 && policy === 'manual') {
    const base = Object.fromEntries(Object.keys(edit.changes).map((name) => [name, found.values[name]]));
    return { kind: 'conflict', id: found.id, fields: disputed, reason, base: { ...edit.base, ...base } };
  }
  if (Object.keys(changes).length > 0) return { kind: 'send', id: found.id, changes, lost };
  return lost.length > 0 ? { kind: 'drop', lost, reason } : { kind: 'done', id: found.id };
}

/** Whether an edit of the field says what it found there; what was edited before the contact was read back does not. */
export function isBaseKnown({ op, base }: Pick<Edit, 'op' | 'base'>, name: string): boolean {
  return base !== null && (op === 'delete' || name in base);
}

/**
 * Whether Salesforce has another value than the edit was based on. Where that is not known, the program saw nothing
 * there: a value that came with the creation is the org's default, and any other one is somebody's.
 */
function isDisputed(
  edit: Edit,
  name: string,
  found: Exclude<EditedContact, { kind: 'gone' }>,
  { fields, isSame }: Pick<EditRules, 'fields' | 'isSame'>,
): boolean {
  // Whoever edited the one that was merged away has not seen the other.
  if (found.kind === 'merged') return true;
  return (
    !(found.isAsMade && !isBaseKnown(edit, name)) &&
    !isBase(edit.base?.[name], found.values[name], { field: fields.get(name), isSame })
  );
}

const numberTypes: ReadonlySet<string | undefined> = new Set(['double', 'currency', 'percent']);

/**
 * Whether it is what the edit was based on. A program's SQLite has written that as text, and those before 3.43 do so to
 * the last digit only where the platform has long doubles: not on Windows, nor on Apple's processors.
 */
function isBase(
  base: unknown,
  theirs: unknown,
  { field, isSame }: { field: Field | undefined } & Pick<EditRules, 'isSame'>,
): boolean {
  if (isSame(base, theirs, field)) return true;
  if (!numberTypes.has(field?.type) || (base ?? null) === null || (theirs ?? null) === null) return false;
  return Math.abs(Number(base) - Number(theirs)) <= 2 ** -48 * Math.abs(Number(theirs));
}

/** In the base of an edit whose contact was gone when a person was asked; where it has come back, the rest counts. */
export const seenGone = { IsDeleted: true };

function isDecided(base: Values | null): boolean {
  return base?.IsDeleted === true;
}

function planGone({ base, changes }: Edit, { policy }: EditRules): EditPlan {
  // A person has decided for the edit, and there is nothing that could take it.
  if (policy === 'local-wins' || isDecided(base))
    return { kind: 'reject', code: 'ENTITY_IS_DELETED', reason: deleted };
  if (policy === 'manual')
    return {
      kind: 'conflict',
      id: null,
      fields: Object.keys(changes),
      reason: deleted,
      base: { ...base, ...seenGone },
    };
  const lost = Object.entries(changes).map(
    ([field, value]): LostValue => ({ field, side: 'local', value, by: undefined }),
  );
  return { kind: 'drop', lost, reason: deleted };
}

function planDelete(edit: Edit, found: EditedContact, { policy, fields, isSame }: EditRules): EditPlan {
  const { base, contactId } = edit;
  if (found.kind === 'gone' && !found.isStated)
    return { kind: 'reject', code: 'INVALID_CROSS_REFERENCE_KEY', reason: notShown };
  if (found.kind === 'gone') return { kind: 'done', id: contactId ?? '' };
  if (found.kind === 'merged') {
    if (policy === 'manual' && !isDecided(base))
      return { kind: 'conflict', id: null, fields: [], reason: merged, base: { ...base, ...seenGone } };
    // It is gone by itself, and nobody has asked to delete the other one.
    return policy === 'salesforce-wins'
      ? { kind: 'drop', lost: [], reason: merged }
      : { kind: 'reject', code: 'ENTITY_IS_DELETED', reason: merged };
  }
  const changed = Object.keys(found.values).filter(
    (name) =>
      fields.get(name)?.updateable === true &&
      fields.get(name)?.type !== 'encryptedstring' &&
      isDisputed(edit, name, found, { fields, isSame }),
  );
  if (changed.length === 0) return { kind: 'send', id: found.id, changes: {}, lost: [] };
  const reason = reasonOf(found, changed, edit, found.values);
  const theirs = changed.map(
    (field): LostValue => ({ field, side: 'salesforce', value: found.values[field], by: undefined }),
  );
  if (policy === 'local-wins') return { kind: 'send', id: found.id, changes: {}, lost: theirs };
  if (policy === 'salesforce-wins') return { kind: 'drop', lost: [], reason };
  const values = Object.entries(found.values).filter(([name]) => name !== 'Id' && fields.has(name));
  return { kind: 'conflict', id: found.id, fields: changed, reason, base: Object.fromEntries(values) };
}

function reasonOf(
  found: Exclude<EditedContact, { kind: 'gone' }>,
  fields: readonly string[],
  { op, changes }: Edit,
  theirs: Values,
): string {
  const told = fields.map((name) => {
    const now = `${name} is ${shown(theirs[name])}`;
    return op === 'delete' ? now : `${now} and was to be ${shown(changes[name])}`;
  });
  const what =
    found.kind === 'merged'
      ? merged.replace(/\.$/, '')
      : op === 'delete'
        ? 'The contact was changed in Salesforce since it was deleted here'
        : 'Salesforce has changed it too';
  return `${what}: ${told.join('; ')}.`;
}

/** Long texts are cut: the entry has what was to be sent, and Salesforce what is there. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'empty';
  const text = String(value);
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 199)}…` : text);
}
