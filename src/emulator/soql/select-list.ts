import type {
  FieldFunctionExpression,
  FieldType,
  FieldTypeOf,
  Query,
  Subquery,
} from '@jetstreamapp/soql-parser-js';
import type { Field } from '../schema/field.ts';
import type { Scope } from './scope.ts';
import { jsonOf, Selection } from './select-tree.ts';
import { malformed, offsetOf, soqlFault, unsupported } from './soql-fault.ts';
import type { Sql } from './sql.ts';
import { formattedSql, jsonArgument, labelSql } from './value-text.ts';

/** SOQL reference, "FIELDS()": unbounded lists need a LIMIT of at most this. */
const UNBOUNDED_LIMIT = 200;

export interface ListOptions {
  /** Of the query around: FIELDS(ALL) looks at it. */
  readonly limit: number | undefined;
  /** Bulk: FIELDS(STANDARD) only, and without compound fields. */
  readonly bulk: boolean;
  readonly children: (subquery: Subquery, scope: Scope) => { key: string; json: Sql };
}

/** Fills a selection from a SELECT's list of fields. */
export function selectList(fields: readonly FieldType[], scope: Scope, options: ListOptions): Selection {
  const selection = new Selection(scope);
  for (const item of fields) {
    switch (item.type) {
      case 'Field':
        if (item.alias) throw malformed('only aggregate expressions use field aliasing');
        selection.addField(item.field);
        break;
      case 'FieldRelationship':
        selection.addField([...item.relationships, item.field].join('.'));
        break;
      case 'FieldFunctionExpression':
        addFunction(item, selection, scope, options);
        break;
      case 'FieldSubquery': {
        const { key, json } = options.children(item.subquery, scope);
        selection.addChildren(key, json);
        break;
      }
      case 'FieldTypeof':
        addTypeof(item, selection, scope);
        break;
    }
  }
  return selection;
}

function addFunction(
  item: FieldFunctionExpression,
  selection: Selection,
  scope: Scope,
  options: ListOptions,
): void {
  const name = item.functionName.toUpperCase();
  const argument = name === 'FORMAT' ? unconverted(item.parameters[0]) : item.parameters[0];
  if (name === 'FIELDS') {
    for (const field of listedFields(String(argument), scope, options)) selection.addField(field.name);
    return;
  }
  if (typeof argument !== 'string') {
    // An aggregate inside, say, which other orgs take.
    if (name === 'FORMAT')
      throw unsupported(scope.context.query, item.functionName, 'FORMAT() of a function');
    throw malformed(`Invalid argument of function ${item.functionName}`);
  }
  const resolved = scope.resolve(argument);
  const { type } = resolved.field;
  if (name === 'TOLABEL') {
    const label = labelSql(resolved.field, resolved.sql);
    selection.addResolved({ ...resolved, sql: label }, label, argument, item.alias);
    return;
  }
  if (name === 'FORMAT') {
    const text = formattedSql(type, resolved.sql);
    const asText: Field = { ...resolved.field, type: 'string' };
    selection.addResolved({ ...resolved, field: asText, sql: text }, text, argument, item.alias);
    return;
  }
  if (name === 'CONVERTCURRENCY') {
    // The org has one currency.
    if (type !== 'currency') throw malformed(`convertCurrency is not valid on field ${resolved.field.name}`);
    selection.addResolved(resolved, jsonArgument(type, resolved.sql), argument, item.alias);
    return;
  }
  const { query } = scope.context;
  throw soqlFault(
    'MALFORMED_QUERY',
    query,
    offsetOf(query, item.functionName),
    `unexpected token: '${item.functionName}'`,
  );
}

/** `convertCurrency(Amount)` inside FORMAT: the org has one currency. */
function unconverted(
  parameter: FieldFunctionExpression['parameters'][number] | undefined,
): FieldFunctionExpression['parameters'][number] | undefined {
  if (typeof parameter !== 'object' || parameter.functionName?.toUpperCase() !== 'CONVERTCURRENCY') {
    return parameter;
  }
  return parameter.parameters?.[0];
}

/** The fields of FIELDS(ALL), FIELDS(STANDARD) and FIELDS(CUSTOM). */
function listedFields(group: string, scope: Scope, options: ListOptions): Field[] {
  const wanted = group.toUpperCase();
  if (wanted !== 'STANDARD') {
    if (options.bulk) throw malformed(`The SOQL FIELDS function with ${wanted} is not supported in Bulk API`);
    if (options.limit === undefined || options.limit > UNBOUNDED_LIMIT) {
      throw malformed(`The SOQL FIELDS function must have a LIMIT of at most ${UNBOUNDED_LIMIT}`);
    }
  }
  const fields = scope.object.visibleFields.filter((field) => {
    if (options.bulk && field.storage === 'compound') return false;
    return wanted === 'ALL' || field.document.custom === (wanted === 'CUSTOM');
  });
  if (fields.length === 0)
    throw malformed(`The object ${scope.object.name} has no ${wanted.toLowerCase()} fields`);
  return fields;
}

/** A TYPEOF over a reference that has one kind of target in this org: the branch of that object, or ELSE. */
function addTypeof(item: FieldTypeOf, selection: Selection, scope: Scope): void {
  const target = scope.walk([item.field], item.field).joined.object;
  const branch =
    item.conditions.find(
      (condition) =>
        condition.type === 'WHEN' && condition.objectType?.toLowerCase() === target.name.toLowerCase(),
    ) ?? item.conditions.find((condition) => condition.type === 'ELSE');
  for (const name of branch?.fieldList ?? ['Id']) {
    const resolved = scope.resolve(`${item.field}.${name}`);
    selection.addResolved(resolved, jsonOf(resolved), name);
  }
}

export function aggregates(query: Query): boolean {
  if (query.groupBy !== undefined) return true;
  return (query.fields ?? []).some(
    (item) => item.type === 'FieldFunctionExpression' && AGGREGATES.has(item.functionName.toUpperCase()),
  );
}

export const AGGREGATES: ReadonlySet<string> = new Set([
  'COUNT',
  'COUNT_DISTINCT',
  'SUM',
  'AVG',
  'MIN',
  'MAX',
]);
