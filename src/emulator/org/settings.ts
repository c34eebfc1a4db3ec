import { checkedField } from '../objects/object-document.ts';
import { OrgFault } from './fault.ts';
import type { Field } from './field.ts';
import type { ObjectSchema } from './object-schema.ts';
import type { DuplicateRule, OrgSettings, OrgSettingsChange, ValidationRule } from './org.ts';
import { type OrgState, saveDocuments } from './org-state.ts';
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
    hiddenFields: change.hiddenFields ?? state.settings.hiddenFields.filter((name) => isThere(state, name)),
    commitLagMs: wholeNumber(change, 'commitLagMs', state.settings.commitLagMs),
    futureEndCovered: flag(change, 'futureEndCovered', state.settings.futureEndCovered),
  };
  const added = addedFields(state, change);
  const removed = removedFields(state, change);
  checkDuplicateRules(state, next.duplicateRules);
  checkValidationRules(state, next.validationRules);
  for (const { field } of removed) {
    const name = new RegExp(`\\b${field.name}\\b`, 'i');
    const rule = next.validationRules.find((candidate) => name.test(candidate.condition));
    if (rule) throw invalid(`The validation rule ${rule.name} uses ${field.name}`);
  }
  const hidden = list(next.hiddenFields, 'hiddenFields').map((name) => {
    if (typeof name !== 'string') throw invalid('hiddenFields takes field names');
    const added1 = added.find(({ facts }) => facts.name.toLowerCase() === name.toLowerCase());
    return added1
      ? { object: added1.object, name }
      : { ...locate(state, name), name: name.split('.').at(-1)! };
  });
  for (const { object, facts } of added) state.storage.addColumn(object, object.addField(facts));
  for (const { object, field } of removed) {
    state.storage.dropColumn(object, field);
    object.removeField(field);
  }
  if (added.length + removed.length > 0 || change.hiddenFields !== undefined) {
    state.schema.linkChildren();
    for (const object of state.schema.objects) {
      object.hide(hidden.filter((entry) => entry.object === object).map((entry) => entry.name));
    }
    state.describedMs = Math.floor(state.clock.now() / 1000) * 1000;
    saveDocuments(state);
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

function addedFields(state: OrgState, change: OrgSettingsChange) {
  return list(change.addFields, 'addFields').map((value) => {
    const { object: objectName = 'Contact', ...facts } = checkedField(value, 'addFields') as ReturnType<
      typeof checkedField
    > & { object?: string };
    const object = state.schema.find(String(objectName));
    if (!object) throw invalid(`There is no object ${String(objectName)}`);
    if (object.field(facts.name)) throw invalid(`${object.name} already has a field ${facts.name}`);
    return { object, facts };
  });
}

function removedFields(state: OrgState, change: OrgSettingsChange) {
  return list(change.removeFields, 'removeFields').map((name) => {
    if (typeof name !== 'string') throw invalid('removeFields takes field names');
    const found = locate(state, name);
    if (KEPT.has(found.field.name.toLowerCase())) throw invalid(`${found.field.name} cannot be removed`);
    return found;
  });
}

function checkDuplicateRules(state: OrgState, rules: readonly DuplicateRule[]): void {
  for (const rule of list(rules, 'duplicateRules')) {
    if (typeof rule?.name !== 'string' || !Array.isArray(rule.matchFields)) {
      throw invalid('a duplicate rule needs a name and matchFields');
    }
    for (const name of rule.matchFields) locate(state, `${rule.object ?? 'Contact'}.${name}`);
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
