import type { Actor } from '../../engine/actor.ts';
import type { ValidationRule } from '../../engine/org-settings.ts';
import type { OrgState } from '../../engine/org-state.ts';
import { queryContext } from '../../engine/query-engine.ts';
import type { SaveError } from '../../engine/save-result.ts';
import { quoted } from '../../schema/field.ts';
import type { ObjectSchema } from '../../schema/object-schema.ts';
import { conditionTree } from '../../soql/condition.ts';
import { parseSoql } from '../../soql/parse.ts';
import { Scope } from '../../soql/scope.ts';
import { malformed } from '../../soql/soql-fault.ts';
import { concatenated } from '../../soql/sql.ts';
import { conditionSql, whereFunction } from '../../soql/where.ts';
import { saveError } from './value-error.ts';

export function rulesOf(state: OrgState, object: ObjectSchema): readonly ValidationRule[] {
  const name = object.name.toLowerCase();
  return state.settings.validationRules.filter((rule) => (rule.object ?? 'Contact').toLowerCase() === name);
}

/** The rules whose condition holds for a row as it would be stored. */
export function validationErrors(
  state: OrgState,
  actor: Actor,
  object: ObjectSchema,
  rid: number,
): SaveError[] {
  const errors: SaveError[] = [];
  for (const rule of rulesOf(state, object)) {
    const { text, values } = ruleSql(state, actor, object, rule);
    if (state.storage.get(text, [...values, rid]) === undefined) continue;
    const fields = rule.field === undefined ? [] : [rule.field];
    errors.push(saveError('FIELD_CUSTOM_VALIDATION_EXCEPTION', rule.message, ...fields));
  }
  return errors;
}

/** A SELECT that finds the row exactly when the rule refuses it; MALFORMED_QUERY or INVALID_FIELD for a bad rule. */
export function ruleSql(state: OrgState, actor: Actor, object: ObjectSchema, rule: ValidationRule) {
  const parsed = parseSoql(`SELECT Id FROM ${object.name} WHERE ${rule.condition}`);
  if (!parsed.query.where) throw malformed(`The rule ${rule.name} has no condition`);
  // Rules see every field, whatever the user may see.
  const context = { ...queryContext(state, actor, parsed, true, () => {}), everyField: true };
  const scope = new Scope(object, 'c', context);
  const condition = conditionSql(conditionTree(parsed.query.where, parsed.text), scope, {
    field: (name) => scope.resolve(name),
    fn: (fn) => whereFunction(fn, scope),
    subquery: () => {
      throw malformed(`The rule ${rule.name} must not use a sub-select`);
    },
  });
  const from = concatenated(`select 1 from ${quoted(object.name)} c`, scope.joins);
  return concatenated(from, ' where ', condition, ' and c._rid = ?');
}
