import type { Query, Subquery } from '@jetstreamapp/soql-parser-js';
import { OrgFault } from '../schema/fault.ts';
import { quoted } from '../schema/field.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import { aggregateSql } from './aggregate.ts';
import { type Comparison, conditionTree } from './condition.ts';
import { orderBySql } from './order-by.ts';
import type { ParsedSoql } from './parse.ts';
import { type QueryContext, type Resolved, Scope } from './scope.ts';
import { aggregates, selectList } from './select-list.ts';
import type { Selection } from './select-tree.ts';
import { malformed, offsetOf, soqlFault } from './soql-fault.ts';
import { concatenated, joined, NOTHING, type Sql, sql, textConstant } from './sql.ts';
import { refuseUnsupported } from './unsupported-parts.ts';
import { conditionSql, whereFunction } from './where.ts';

/** SOQL reference, "OFFSET". */
const OFFSET_AT_MOST = 2000;
/** SOQL reference, "Relationship Query Limitations": levels of subqueries, the outer one counted. */
const DEEPEST_SUBQUERY = 5;

/** A query that answers rows: their numbers in order, and what is shown of each. */
export interface RowsPlan {
  readonly kind: 'rows';
  readonly object: ObjectSchema;
  /** A SELECT of `_rid` in the answer's order. */
  readonly rids: Sql;
  readonly scope: Scope;
  readonly selection: Selection;
}

export interface CountPlan {
  readonly kind: 'count';
  readonly object: ObjectSchema;
  /** A SELECT of one number, `n`. */
  readonly count: Sql;
}

export interface AggregatePlan {
  readonly kind: 'aggregate';
  readonly object: ObjectSchema;
  /** A SELECT of one column `t`, a row's JSON. */
  readonly rows: Sql;
}

export type QueryPlan = RowsPlan | CountPlan | AggregatePlan;

export interface TranslateOptions {
  /** Bulk API: other rules for FIELDS(). */
  readonly bulk?: boolean;
  readonly apiVersion?: string;
}

/** Translates a parsed query into SQL; every refusal is an OrgFault in Salesforce's words. */
export function translate(
  parsed: ParsedSoql,
  context: QueryContext,
  options: TranslateOptions = {},
): QueryPlan {
  const { query } = parsed;
  const object = context.schema.find(query.sObject!);
  if (!object || object.document.queryable === false) throw noSuchObject(query.sObject!, context);
  checkBounds(query);
  refuseUnsupported(query, context.query);
  const scope = new Scope(object, 'c', context, query.sObjectAlias);
  if (isCount(query)) return { kind: 'count', object, count: countSql(query, scope) };
  if (aggregates(query)) {
    const from = () => concatenated(fromSql(scope, query), NOTHING);
    // The list and HAVING join parents too, so the FROM is written last.
    const where = whereClause(query, scope);
    const rows = aggregateSql(query, scope, () => concatenated(from(), where));
    return { kind: 'aggregate', object, rows };
  }
  if (query.having) throw malformed('HAVING needs a GROUP BY');
  const selectScope = new Scope(object, 'c', context, query.sObjectAlias);
  const selection = selectList(query.fields!, selectScope, {
    limit: query.limit,
    bulk: options.bulk === true,
    children: (subquery, outer) => childrenSql(subquery, outer, baseUrl(options.apiVersion), 1),
  });
  return { kind: 'rows', object, rids: ridsSql(query, scope), scope: selectScope, selection };
}

export function baseUrl(apiVersion = '62.0'): string {
  return `/services/data/v${apiVersion}/sobjects`;
}

function noSuchObject(name: string, context: QueryContext) {
  return soqlFault(
    'INVALID_TYPE',
    context.query,
    offsetOf(context.query, name),
    `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
  );
}

function checkBounds(query: Pick<Query, 'offset' | 'withDataCategory'>): void {
  if (query.offset !== undefined && query.offset > OFFSET_AT_MOST) {
    throw new OrgFault('NUMBER_OUTSIDE_VALID_RANGE', `Maximum SOQL offset allowed is ${OFFSET_AT_MOST}`);
  }
  if (query.withDataCategory) throw malformed('WITH DATA CATEGORY is only valid on knowledge articles');
}

function isCount(query: Query): boolean {
  const [first, ...rest] = query.fields ?? [];
  if (first?.type !== 'FieldFunctionExpression' || first.functionName.toUpperCase() !== 'COUNT') return false;
  if (first.parameters.length > 0) return false;
  if (rest.length > 0 || query.groupBy) throw malformed('Grouped query cannot use COUNT()');
  if (query.orderBy) throw malformed('COUNT() cannot be ordered');
  return true;
}

function fromSql(scope: Scope, query: Pick<Query, 'usingScope'>): Sql {
  const usingScope = query.usingScope?.toLowerCase();
  if (usingScope !== undefined && !['everything', 'mine'].includes(usingScope)) {
    throw malformed(`USING SCOPE ${query.usingScope} is not supported for ${scope.object.name}`);
  }
  return concatenated(` from ${quoted(scope.object.name)} ${scope.alias}`, scope.joins);
}

/** ` where …`, or nothing. Walks the condition first, so that its joins are known to the FROM. */
function whereClause(
  query: Pick<Query, 'where' | 'usingScope'>,
  scope: Scope,
  more: readonly Sql[] = [],
  subquery = (comparison: Comparison, outer: Resolved) => semiJoinSql(comparison, outer, scope),
): Sql {
  const conditions = [...more, ...scope.visible];
  if (query.usingScope?.toLowerCase() === 'mine' && scope.object.field('OwnerId')) {
    conditions.push(sql(`${scope.alias}."OwnerId" = ?`, scope.context.userId));
  }
  if (query.where) {
    const tree = conditionTree(query.where, scope.context.query);
    const rules = {
      field: (name: string) => scope.resolve(name),
      fn: (fn: Parameters<typeof whereFunction>[0]) => whereFunction(fn, scope),
      subquery,
    };
    conditions.push(conditionSql(tree, scope, rules));
  }
  return conditions.length === 0 ? NOTHING : concatenated(' where ', joined(conditions, ' and '));
}

function limits(query: Pick<Query, 'limit' | 'offset'>): string {
  if (query.limit === undefined && query.offset === undefined) return '';
  return ` limit ${query.limit ?? -1}${query.offset === undefined ? '' : ` offset ${query.offset}`}`;
}

function ridsSql(query: Query, scope: Scope): Sql {
  const where = whereClause(query, scope);
  const order = orderClause(query, scope);
  return concatenated(`select ${scope.alias}._rid`, fromSql(scope, query), where, order, limits(query));
}

/** Rows of equal keys, and of queries that name no order, come by their Ids. */
function orderClause(query: Pick<Query, 'orderBy'>, scope: Scope): string {
  const keys = orderBySql(query.orderBy, scope, {
    field: (name) => scope.resolve(name),
    fn: (fn) => whereFunction(fn, scope),
  });
  // The plus keeps SQLite from walking the whole table for the sake of this order where an index finds the rows.
  const byId = scope.seeks && keys.length === 0 ? `+${scope.alias}._rid` : `${scope.alias}._rid`;
  return ` order by ${[...keys, byId].join(', ')}`;
}

function countSql(query: Query, scope: Scope): Sql {
  const where = whereClause(query, scope);
  const from = fromSql(scope, query);
  if (query.limit === undefined && query.offset === undefined)
    return concatenated('select count(*) as n', from, where);
  return concatenated('select count(*) as n from (select 1', from, where, limits(query), ')');
}

/** A subquery after IN or NOT IN (SOQL reference, "Semi-Joins and Anti-Joins"). */
function semiJoinSql(comparison: Comparison, outer: Resolved, outerScope: Scope): Sql {
  const query = comparison.subquery!;
  const { context } = outerScope;
  const object = context.schema.find(query.sObject ?? '');
  if (!object) throw noSuchObject(query.sObject ?? '', context);
  if (outer.field.type !== 'id' && outer.field.type !== 'reference') {
    throw malformed(`The left operand field '${outer.field.name}' must be an id or reference in a semi-join`);
  }
  if (!outer.own) {
    throw malformed(`The left operand '${comparison.field}' of a semi-join cannot be a relationship's field`);
  }
  if (object === outerScope.object)
    throw malformed('The inner and outer selects should not be on the same object type');
  const [field, ...rest] = query.fields ?? [];
  if (rest.length > 0 || field?.type !== 'Field') {
    throw malformed('A semi-join sub-select must select exactly one field, of type id or reference');
  }
  if (query.orderBy || query.limit !== undefined || query.offset !== undefined) {
    throw malformed('ORDER BY, LIMIT and OFFSET are not allowed in semi-join sub-selects');
  }
  const scope = new Scope(object, `${outerScope.alias}s`, context, query.sObjectAlias);
  const target = scope.resolve(field.field);
  if (target.field.type !== 'id' && target.field.type !== 'reference') {
    throw malformed(`The selected field '${target.field.name}' must be an id or reference in a semi-join`);
  }
  const where = whereClause(query, scope, [], () => {
    throw malformed('Nesting of semi join sub-selects is not supported');
  });
  return concatenated(`select ${target.sql}`, fromSql(scope, query), where);
}

/** A child subquery: `{totalSize, done, records}` of the rows that refer to the outer one, or null for none. */
function childrenSql(
  subquery: Subquery,
  outer: Scope,
  base: string,
  depth: number,
): { key: string; json: Sql } {
  const { context } = outer;
  const wanted = subquery.relationshipName.toLowerCase();
  const relationship = outer.object.children.find(
    (child) => child.relationshipName?.toLowerCase() === wanted,
  );
  const object = relationship && context.schema.find(relationship.childSObject);
  const reference = relationship && object?.visibleField(relationship.field);
  if (!relationship || !object || !reference) {
    throw soqlFault(
      'INVALID_TYPE',
      context.query,
      offsetOf(context.query, subquery.relationshipName),
      `Didn't understand relationship '${subquery.relationshipName}' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`,
    );
  }
  if (depth >= DEEPEST_SUBQUERY) throw malformed(`Subqueries may nest at most ${DEEPEST_SUBQUERY} levels`);
  const query = subquery as Subquery & Query;
  if (aggregates(query))
    throw malformed('Aggregate functions are not allowed in subqueries of the SELECT list');
  checkBounds(query);
  refuseUnsupported(query, context.query);
  context.wantIndex(object, reference);
  context.usedFields.set(reference, object);
  const scope = new Scope(object, `${outer.alias}_k${depth}`, context, subquery.sObjectAlias);
  const selection = selectList(subquery.fields ?? [], scope, {
    limit: subquery.limit,
    bulk: false,
    children: (inner, around) => childrenSql(inner, around, base, depth + 1),
  });
  const joinedTo = sql(`${scope.alias}.${quoted(reference.name)} = ${outer.alias}."Id"`);
  const where = whereClause(query, scope, [joinedTo]);
  const order = orderClause(query, scope);
  const rows = concatenated(
    'select ',
    selection.root.json(base),
    ' as t',
    fromSql(scope, query),
    where,
    order,
    limits(query),
  );
  const text = `'{"totalSize":' || count(*) || ',"done":true,"records":[' || group_concat(t, ',') || ']}'`;
  const json = concatenated(`json((select iif(count(*) = 0, null, ${text}) from (`, rows, ')))');
  return { key: relationship.relationshipName!, json };
}

/** One page of a rows plan: SELECT of `n` and the JSON text `j`; the ids' JSON array goes at `idsAt` of the values. */
export function pageSql(
  plan: RowsPlan,
  apiVersion: string | undefined,
): { text: string; before: Sql; after: Sql } {
  const json = plan.selection.root.json(baseUrl(apiVersion));
  return fetchSql(plan, json, textConstant(','));
}

/** Rows by number, each as one text, glued: `n` of them, as the bytes `j`. */
export function fetchSql(plan: RowsPlan, row: Sql, glue: string): { text: string; before: Sql; after: Sql } {
  const joins = plan.scope.joins;
  const text =
    `select count(*) as n, cast(group_concat(t, ${glue}) as blob) as j from (select ${row.text} as t ` +
    `from json_each(?) ids cross join ${quoted(plan.object.name)} c on c._rid = ids.value${joins.text})`;
  return { text, before: row, after: joins };
}
