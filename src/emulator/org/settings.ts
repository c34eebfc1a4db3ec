import type {
  DuplicateRule,
  OrgSettings,
  OrgSettingsChange,
  SaveTrigger,
  ValidationRule,
} from '../engine/org-settings.ts';
import { type OrgState, saveDocuments } from '../engine/org-state.ts';
import { buildField } from '../objects/field-builder.ts';
import { checkedField } from '../objects/field-facts.ts';
import { OrgFault } from '../schema/fault.ts';
import { createField, type Field } from '../schema/field.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import { normalizeId } from '../schema/record-id.ts';
import { formulaUses } from '../soql/formula.ts';
import { coerce } from './write/coerce.ts';
import { ruleSql } from './write/validation-rules.ts';

/** sObject Get Updated: ids of one answer. */
const REPLICATION_ID_LIMIT = 600_000;

/** Fields that no org can do without. */
const KEPT = new Set([
  'id',
  'isdeleted',
  'name',
  'lastname',
  'createddate',
  'createdbyid',
  'lastmodifieddate',
  'lastmodifiedbyid',
  'systemmodstamp',
]);

export function defaultSettings(): OrgSettings {
  return {
    replicationIdLimit: REPLICATION_ID_LIMIT,
    duplicateRules: [],
    validationRules: [],
    saveTriggers: [],
    lockedIds: [],
    hiddenFields: [],
    commitLagMs: 0,
    futureEndCovered: false,
  };
}

function invalid(message: string): OrgFault {
  return new OrgFault('INVALID_SETTING', message);
}

/** Checks a change as a whole, then makes it: a refused one changes nothing. Throws INVALID_SETTING. */
export function changeSettings(state: OrgState, change: OrgSettingsChange): OrgSettings {
  const next: OrgSettings = {
    replicationIdLimit: wholeNumber(change, 'replicationIdLimit', state.settings.replicationIdLimit),
    duplicateRules: change.duplicateRules ?? state.settings.duplicateRules,
    validationRules: change.validationRules ?? state.settings.validationRules,
    saveTriggers: change.saveTriggers ?? state.settings.saveTriggers,
    lockedIds: lockedIds(change.lockedIds ?? state.settings.lockedIds),
    hiddenFields: change.hiddenFields ?? state.settings.hiddenFields.filter((name) => isThere(state, name)),
    commitLagMs: wholeNumber(change, 'commitLagMs', state.settings.commitLagMs),
    futureEndCovered: flag(change, 'futureEndCovered', state.settings.futureEndCovered),
  };
  const added = addedFields(state, change);
  const removed = removedFields(state, change);
  checkDuplicateRules(state, next.duplicateRules);
  checkValidationRules(state, next.validationRules);
  checkSaveTriggers(state, next.saveTriggers);
  for (const { object, field } of removed) refuseIfUsed(state, next, object, field);
  const hidden = list(next.hiddenFields, 'hiddenFields').map((name) => {
    if (typeof name !== 'string') throw invalid('hiddenFields takes field names');
    const fresh = added.find(({ object, field }) => namesField(name, object, field));
    return fresh
      ? { object: fresh.object, name: fresh.field.name }
      : { ...locate(state, name), name: name.split('.').at(-1)! };
  });
  // The tables first, all of them or none: what they refuse leaves the schema as it was. Columns and the documents
  // that name them are stored together: a process that is killed leaves no column without its field.
  state.storage.transaction(() => {
    for (const { object, field } of added) state.storage.addColumn(object, field);
    for (const { object, field } of removed) state.storage.dropColumn(object, field);
    for (const { object, field } of added) object.addField(field);
    for (const { object, field } of removed) {
      state.commits.forgetColumn(object, field.name);
      object.removeField(field);
    }
    if (added.length + removed.length > 0) saveDocuments(state);
  });
  if (added.length + removed.length > 0 || change.hiddenFields !== undefined) {
    state.schema.linkChildren();
    for (const object of state.schema.objects) {
      object.hide(hidden.filter((entry) => entry.object === object).map((entry) => entry.name));
    }
    state.describedMs = Math.floor(state.clock.now() / 1000) * 1000;
    state.storage.bumpVersion();
  }
  state.settings = next;
  state.commits.lagMs = next.commitLagMs;
  return next;
}

function wholeNumber(
  change: OrgSettingsChange,
  key: 'replicationIdLimit' | 'commitLagMs',
  now: number,
): number {
  const value: unknown = change[key];
  if (value === undefined) return now;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    throw invalid(`${key} must be a whole number from 0 on`);
  }
  return value;
}

function flag(change: OrgSettingsChange, key: 'futureEndCovered', now: boolean): boolean {
  const value: unknown = change[key];
  if (value === undefined) return now;
  if (typeof value !== 'boolean') throw invalid(`${key} must be true or false`);
  return value;
}

function list<T>(value: readonly T[] | undefined, key: string): readonly T[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalid(`${key} must be a list`);
  return value;
}

function locate(state: OrgState, dotted: string): { object: ObjectSchema; field: Field } {
  const { object, field } = lookUp(state, dotted);
  if (!object || !field) throw invalid(`There is no field ${dotted}`);
  return { object, field };
}

/** A hidden field that was removed is hidden no more. */
function isThere(state: OrgState, dotted: string): boolean {
  return lookUp(state, dotted).field !== undefined;
}

function lookUp(
  state: OrgState,
  dotted: string,
): { object: ObjectSchema | undefined; field: Field | undefined } {
  const [objectName, fieldName] = dotted.includes('.') ? dotted.split('.') : ['Contact', dotted];
  const object = state.schema.find(objectName ?? '');
  return { object, field: object?.field(fieldName ?? '') };
}

/** SQLite takes 2,000 columns a table; Salesforce some 800 custom fields an object. */
const FIELDS_AT_MOST = 1_900;

function addedFields(state: OrgState, change: OrgSettingsChange): { object: ObjectSchema; field: Field }[] {
  const added = list(change.addFields, 'addFields').map((value) => {
    const { object: objectName = 'Contact', ...facts } = checkedField(value, 'addFields') as ReturnType<
      typeof checkedField
    > & { object?: string };
    const object = state.schema.find(String(objectName));
    if (!object) throw invalid(`There is no object ${String(objectName)}`);
    if (object.field(facts.name)) throw invalid(`${object.name} already has a field ${facts.name}`);
    return { object, field: createField(buildField(facts)) };
  });
  const names = new Set(added.map(({ object, field }) => `${object.name}.${field.name}`.toLowerCase()));
  if (names.size < added.length) throw invalid('addFields names a field twice');
  for (const object of state.schema.objects) {
    const more = added.filter((entry) => entry.object === object).length;
    if (more > 0 && object.fields.length + more > FIELDS_AT_MOST) {
      throw invalid(`${object.name} can have at most ${FIELDS_AT_MOST} fields`);
    }
  }
  return added;
}

function namesField(dotted: string, object: ObjectSchema, field: Field): boolean {
  const name = dotted.toLowerCase();
  const full = `${object.name}.${field.name}`.toLowerCase();
  return name === full || (object.name === 'Contact' && `contact.${name}` === full);
}

/** What the org still needs cannot go: Salesforce says "referenced elsewhere" of it. */
function refuseIfUsed(state: OrgState, next: OrgSettings, object: ObjectSchema, field: Field): void {
  const used = (by: string) => invalid(`${object.name}.${field.name} cannot be removed: ${by} uses it`);
  const of = (name: string | undefined) => state.schema.find(name ?? 'Contact') === object;
  const name = new RegExp(`\\b${field.name}\\b`, 'i');
  const rule = next.validationRules.find((one) => of(one.object) && name.test(one.condition));
  if (rule) throw used(`the validation rule ${rule.name}`);
  const wanted = field.name.toLowerCase();
  const duplicates = next.duplicateRules.find(
    (one) => of(one.object) && one.matchFields.some((match) => match.toLowerCase() === wanted),
  );
  if (duplicates) throw used(`the duplicate rule ${duplicates.name}`);
  const trigger = next.saveTriggers.find((one) => of(one.object) && one.field.toLowerCase() === wanted);
  if (trigger) throw used('a trigger');
  for (const owner of state.schema.objects) {
    const formula = owner.fields.find((one) => one !== field && formulaUses(one, owner, state.schema, field));
    if (formula) throw used(`the formula field ${owner.name}.${formula.name}`);
  }
}

function removedFields(state: OrgState, change: OrgSettingsChange) {
  const removed = list(change.removeFields, 'removeFields').map((name) => {
    if (typeof name !== 'string') throw invalid('removeFields takes field names');
    const found = locate(state, name);
    if (found.field.type === 'id') throw invalid(`${found.field.name} cannot be removed`);
    if (KEPT.has(found.field.name.toLowerCase())) throw invalid(`${found.field.name} cannot be removed`);
    return found;
  });
  // A name given twice is one field.
  return removed.filter((one, at) => removed.findIndex((other) => other.field === one.field) === at);
}

function checkDuplicateRules(state: OrgState, rules: readonly DuplicateRule[]): void {
  for (const rule of list(rules, 'duplicateRules')) {
    if (typeof rule?.name !== 'string' || !Array.isArray(rule.matchFields)) {
      throw invalid('a duplicate rule needs a name and matchFields');
    }
    for (const name of rule.matchFields) locate(state, `${rule.object ?? 'Contact'}.${name}`);
  }
}

/** With 18 characters each. */
function lockedIds(ids: readonly unknown[]): string[] {
  return list(ids, 'lockedIds').map((id) => {
    const full = typeof id === 'string' ? normalizeId(id) : undefined;
    if (full === undefined) throw invalid(`lockedIds: ${JSON.stringify(id)} is no id`);
    return full;
  });
}

function checkSaveTriggers(state: OrgState, triggers: readonly SaveTrigger[]): void {
  for (const trigger of list(triggers, 'saveTriggers')) {
    if (typeof trigger?.field !== 'string') throw invalid('a trigger needs a field');
    const { set, prefix, upper } = trigger;
    if ((set === undefined) === (prefix === undefined && upper === undefined))
      throw invalid('a trigger needs either set, or prefix, upper or both');
    if (prefix !== undefined && typeof prefix !== 'string')
      throw invalid('the prefix of a trigger is a text');
    if (upper !== undefined && typeof upper !== 'boolean')
      throw invalid('upper of a trigger is true or false');
    const { field } = locate(state, `${trigger.object ?? 'Contact'}.${trigger.field}`);
    if (!field.document.createable && !field.document.updateable)
      throw invalid(`${field.name} cannot be written, by a trigger neither`);
    const isText = ['string', 'textarea', 'phone', 'url', 'picklist'].includes(field.type);
    if (set === undefined && !isText) throw invalid(`${field.name} is no text: a trigger can only set it`);
    if (set === undefined) continue;
    try {
      const coerced = coerce(field, set, { kind: 'json', body: undefined });
      if ('error' in coerced) throw new Error(coerced.error.message);
    } catch (error) {
      throw invalid(`A trigger cannot set ${field.name} so: ${(error as Error).message}`);
    }
  }
}

function checkValidationRules(state: OrgState, rules: readonly ValidationRule[]): void {
  for (const rule of list(rules, 'validationRules')) {
    if (
      typeof rule?.name !== 'string' ||
      typeof rule.condition !== 'string' ||
      typeof rule.message !== 'string'
    ) {
      throw invalid('a validation rule needs a name, a condition and a message');
    }
    const object = state.schema.find(rule.object ?? 'Contact');
    if (!object) throw invalid(`There is no object ${rule.object}`);
    try {
      ruleSql(state, { userId: '' }, object, rule);
    } catch (error) {
      throw invalid(`The condition of ${rule.name} is no SOQL: ${(error as Error).message}`);
    }
  }
}
