import type {
  FieldFunctionExpression,
  FunctionExp,
  GroupByClause,
  Query,
} from '@jetstreamapp/soql-parser-js';
import type { Field } from '../schema/field.ts';
import { isCaseless } from '../schema/field.ts';
import { conditionTree } from './condition.ts';
import { dateFunction } from './date-function.ts';
import { orderBySql } from './order-by.ts';
import type { Resolved, Scope } from './scope.ts';
import { AGGREGATES } from './select-list.ts';
import { malformed, offsetOf, soqlFault } from './soql-fault.ts';
import { concatenated, joined, NOTHING, type Sql, sql, textConstant } from './sql.ts';
import { refuseFunction } from './unsupported-parts.ts';
import { jsonArgument } from './value-text.ts';
import { conditionSql } from './where.ts';

/** Aggregated rows as SQL: one column `t`, a row's JSON. `where` is the finished condition with its WHERE. */
export function aggregateSql(query: Query, scope: Scope, from: () => Sql): Sql {
  const groups = groupKeys(query.groupBy, scope);
  const values: Sql[] = [];
  const keys = new Set<string>();
  let unnamed = 0;
  for (const item of query.fields ?? []) {
    const { target, key } = selected(item, groups, scope, () => `expr${unnamed++}`);
    if (keys.has(key.toLowerCase())) throw malformed(`duplicate alias: ${key}`);
    keys.add(key.toLowerCase());
    values.push(sql(`${textConstant(key)}, ${jsonArgument(target.field.type, target.sql)}`));
  }
  const rules = {
    field: (name: string) => groupedField(name, groups, scope),
    fn: (fn: FunctionExp) => groupedFunction(fn, groups, scope),
    subquery: () => {
      throw malformed('Semi join sub-selects are not allowed in HAVING');
    },
  };
  const having = query.having
    ? concatenated(' having ', conditionSql(conditionTree(query.having, scope.context.query), scope, rules))
    : NOTHING;
  const order = orderBySql(query.orderBy, scope, rules);
  const by = groups.size === 0 ? '' : ` group by ${[...groups.values()].map(groupSql).join(', ')}`;
  const row = concatenated(
    "json_object('attributes', json_object('type', 'AggregateResult'), ",
    joined(values, ', '),
    ')',
  );
  const tail =
    (order.length > 0 ? ` order by ${order.join(', ')}` : '') +
    (query.limit === undefined ? '' : ` limit ${query.limit}`) +
    (query.offset === undefined
      ? ''
      : `${query.limit === undefined ? ' limit -1' : ''} offset ${query.offset}`);
  return concatenated('select ', row, ' as t', from(), by, having, tail);
}

function groupSql(target: Resolved): string {
  return isCaseless(target.field) && target.field.storage === 'TEXT'
    ? `${target.sql} collate nocase`
    : target.sql;
}

/** What is grouped by, keyed by its spelling in lower case. */
function groupKeys(clause: GroupByClause | GroupByClause[] | undefined, scope: Scope): Map<string, Resolved> {
  const groups = new Map<string, Resolved>();
  const items = clause === undefined ? [] : Array.isArray(clause) ? clause : [clause];
  for (const item of items) {
    if ('field' in item) {
      const target = scope.resolve(item.field);
      if (target.field.document.groupable === false) {
        const { query } = scope.context;
        throw soqlFault(
          'MALFORMED_QUERY',
          query,
          offsetOf(query, item.field),
          `field '${target.field.name}' can not be grouped in a query call`,
        );
      }
      groups.set(keyOf(target), target);
      continue;
    }
    const target = dateFunction(item.fn, scope);
    if (!target) throw malformed(`Grouping by ${item.fn.functionName} is not supported`);
    groups.set(functionKey(item.fn), target);
  }
  return groups;
}

function keyOf(target: Resolved): string {
  return [...target.path, target.field.name].join('.').toLowerCase();
}

function functionKey(fn: FunctionExp): string {
  return (fn.rawValue ?? '').toLowerCase().replaceAll(/\s/g, '');
}

function selected(
  item: NonNullable<Query['fields']>[number],
  groups: ReadonlyMap<string, Resolved>,
  scope: Scope,
  unnamed: () => string,
): { target: Resolved; key: string } {
  if (item.type === 'Field') {
    const target = groupedField(item.field, groups, scope);
    return { target, key: item.alias ?? target.field.name };
  }
  if (item.type === 'FieldRelationship') {
    const target = groupedField([...item.relationships, item.field].join('.'), groups, scope);
    return { target, key: ('alias' in item ? item.alias : undefined) ?? target.field.name };
  }
  if (item.type === 'FieldFunctionExpression') {
    return { target: groupedFunction(item, groups, scope), key: item.alias ?? unnamed() };
  }
  throw malformed('Aggregate queries take fields and functions only');
}

function groupedField(name: string, groups: ReadonlyMap<string, Resolved>, scope: Scope): Resolved {
  const target = scope.resolve(name);
  if (!groups.has(keyOf(target))) {
    const { query } = scope.context;
    throw soqlFault(
      'MALFORMED_QUERY',
      query,
      offsetOf(query, name),
      `Field must be grouped or aggregated: ${target.field.name}`,
    );
  }
  return { ...target, own: false };
}

function groupedFunction(
  fn: FunctionExp | FieldFunctionExpression,
  groups: ReadonlyMap<string, Resolved>,
  scope: Scope,
): Resolved {
  refuseFunction(fn, scope.context.query);
  const name = fn.functionName?.toUpperCase() ?? '';
  if (AGGREGATES.has(name)) return aggregated(name, fn, scope);
  const known = groups.get(functionKey(fn));
  if (known) return known;
  throw malformed(`Field must be grouped or aggregated: ${fn.rawValue ?? name}`);
}

function aggregated(name: string, fn: FunctionExp, scope: Scope): Resolved {
  const argument = fn.parameters?.[0];
  if (typeof argument !== 'string') throw malformed(`Invalid argument of function ${name}`);
  const source = scope.resolve(argument);
  const { field } = source;
  const number = field.storage === 'REAL' || field.type === 'int';
  const fits =
    name === 'SUM' || name === 'AVG' ? number : field.document.aggregatable !== false || field.type === 'id';
  if (!fits) {
    const { query } = scope.context;
    throw soqlFault(
      'MALFORMED_QUERY',
      query,
      offsetOf(query, fn.rawValue ?? argument),
      `field ${field.name} does not support aggregate operator ${name}`,
    );
  }
  const column = isCaseless(field) && field.storage === 'TEXT' ? `${source.sql} collate nocase` : source.sql;
  const [text, type] = {
    COUNT: [`count(${source.sql})`, 'int'],
    COUNT_DISTINCT: [`count(distinct ${column})`, 'int'],
    SUM: [`sum(${source.sql})`, field.type],
    AVG: [`avg(${source.sql})`, 'double'],
    MIN: [`min(${column})`, field.type],
    MAX: [`max(${column})`, field.type],
  }[name as 'COUNT'] as [string, string];
  const storage: Field['storage'] = type === 'int' ? 'INTEGER' : type === 'double' ? 'REAL' : field.storage;
  // A sum or a maximum may well be sorted and filtered by, even where its field may not.
  const document = {
    ...field.document,
    sortable: true,
    filterable: true,
    nillable: true,
    picklistValues: [],
  };
  return { ...source, field: { ...field, document, type, storage }, sql: text, own: false };
}
