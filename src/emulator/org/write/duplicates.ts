import type { Actor } from '../../engine/actor.ts';
import type { DuplicateRule } from '../../engine/org-settings.ts';
import type { OrgState, StoredRow } from '../../engine/org-state.ts';
import type { SaveError } from '../../engine/save-result.ts';
import type { DuplicateResult } from '../../schema/fault.ts';
import { quoted } from '../../schema/field.ts';
import type { ObjectSchema } from '../../schema/object-schema.ts';
import { saveError } from './value-error.ts';

/** Duplicates named in one error. */
const MATCHES_SHOWN = 50;

/** A value that a unique field already has in another live row. */
export function uniqueError(
  state: OrgState,
  object: ObjectSchema,
  rid: number,
  row: StoredRow,
  changed: readonly string[],
): SaveError | undefined {
  for (const field of object.columns) {
    if (!field.document.unique || !changed.includes(field.name)) continue;
    const value = row[field.name];
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    const other = ridWith(state, object, field.name, value, rid);
    if (other === undefined) continue;
    const id = state.ids.make(object.keyPrefix, other);
    return saveError(
      'DUPLICATE_VALUE',
      `duplicate value found: ${field.name} duplicates value on record with id: ${id}`,
      ...[],
    );
  }
  return undefined;
}

function ridWith(
  state: OrgState,
  object: ObjectSchema,
  column: string,
  value: string | number,
  except: number,
): number | undefined {
  const found = committedRidWith(state, object, column, value, except);
  if (found !== undefined) return found;
  const pending = state.commits.pendingRidWith(object, column, String(value).toLowerCase());
  return pending === except ? undefined : pending;
}

/** The live row other than `except` that has a value in a column, as far as is committed. */
export function committedRidWith(
  state: OrgState,
  object: ObjectSchema,
  column: string,
  value: string | number,
  except: number,
): number | undefined {
  state.storage.ensureIndex(object, column);
  const live = object.field('IsDeleted') ? ' and "IsDeleted" = 0' : '';
  const caseless = object.field(column)?.document.caseSensitive ? '' : ' collate nocase';
  return state.storage.get<{ _rid: number }>(
    `select _rid from ${quoted(object.name)} where ${quoted(column)} = ?${caseless} and _rid <> ?${live} limit 1`,
    [value, except],
  )?._rid;
}

/** The first duplicate rule that a row trips, unless the caller allows it and the rule lets itself be passed. */
export function duplicateError(
  state: OrgState,
  actor: Actor,
  object: ObjectSchema,
  rid: number,
  row: StoredRow,
  allowDuplicates: boolean,
): SaveError | undefined {
  for (const rule of state.settings.duplicateRules) {
    if ((rule.object ?? 'Contact').toLowerCase() !== object.name.toLowerCase()) continue;
    const allowSave = rule.allowSave ?? true;
    if (allowSave && allowDuplicates) continue;
    const matches = matching(state, actor, object, rid, row, rule);
    if (matches.length === 0) continue;
    return {
      ...saveError('DUPLICATES_DETECTED', 'Use one of these records?'),
      duplicateResult: duplicateResult(object, rule, allowSave, matches),
    };
  }
  return undefined;
}

function matching(
  state: OrgState,
  actor: Actor,
  object: ObjectSchema,
  rid: number,
  row: StoredRow,
  rule: DuplicateRule,
): string[] {
  const columns = rule.matchFields.map((name) => object.field(name)?.name ?? name);
  const values = columns.map((name) => row[name] ?? null);
  // A blank matches nothing, as in Salesforce's matching rules.
  if (columns.length === 0 || values.some((value) => value === null)) return [];
  for (const name of columns) state.storage.ensureIndex(object, name);
  const hidden = state.visibility.condition(object, 't', actor.userId);
  const found = state.storage.all<{ Id: string }>(
    `select t."Id" from ${quoted(object.name)} t where ${columns.map((name) => `t.${quoted(name)} = ? collate nocase`).join(' and ')}
     and t._rid <> ? and t."IsDeleted" = 0${hidden ? ` and ${hidden.text}` : ''} order by t._rid limit ${MATCHES_SHOWN}`,
    [...values, rid, ...(hidden?.values ?? [])],
  );
  return found.map((match) => match.Id);
}

/** As REST describes it; `{version}` in the URLs is the HTTP side's to fill in. */
function duplicateResult(
  object: ObjectSchema,
  rule: DuplicateRule,
  allowSave: boolean,
  ids: readonly string[],
): DuplicateResult {
  return {
    allowSave,
    duplicateRule: rule.name,
    duplicateRuleEntityType: object.name,
    errorMessage: 'Use one of these records?',
    matchResults: [
      {
        entityType: object.name,
        errors: [],
        matchEngine: 'ExactMatchEngine',
        matchRecords: ids.map((id) => ({
          additionalInformation: [],
          fieldDiffs: [],
          matchConfidence: 100,
          record: {
            attributes: { type: object.name, url: `/services/data/v{version}/sobjects/${object.name}/${id}` },
            Id: id,
          },
        })),
        rule: rule.name,
        size: ids.length,
        success: true,
      },
    ],
  };
}
