import type { FunctionExp } from '@jetstreamapp/soql-parser-js';
import { OrgFault } from '../org/fault.ts';
import type { Field } from '../org/field.ts';
import { isCaseless, type SqlValue } from '../org/storage.ts';
import type { Comparison, Condition } from './condition.ts';
import { dateFunction } from './date-function.ts';
import { type Bound, bindLiteral, needsFolding, unquoted } from './literal.ts';
import type { Resolved, Scope } from './scope.ts';
import { malformed, offsetOf, soqlFault } from './soql-fault.ts';
import { concatenated, joined, type Sql, sql } from './sql.ts';

/** Up to here values are placeholders of their own; beyond, one JSON array, so that the SQL stays short. */
const PLACEHOLDERS_AT_MOST = 20;
/** SOQL reference, "Comparison Operators": semi-joins in one query. */
const SEMI_JOINS_AT_MOST = 2;

/** What differs between a WHERE and a HAVING. */
export interface ConditionRules {
  /** Translates a subquery after IN: a SELECT of one column of ids. */
  readonly subquery: (comparison: Comparison, outer: Resolved) => Sql;
  /** What a function on the left is as SQL, or a refusal. */
  readonly fn: (fn: FunctionExp) => Resolved;
  /** What a field on the left is as SQL, or a refusal. */
  readonly field: (name: string) => Resolved;
}

/** Operators that an index can answer. */
const SEEKING: ReadonlySet<string> = new Set(['=', '<', '<=', '>', '>=', 'IN']);

interface Surroundings {
  readonly scope: Scope;
  readonly rules: ConditionRules;
  semiJoins: number;
}

/** Lower bounds that a condition implies for columns of the scope's own object: column → smallest value. */
type LowerBounds = ReadonlyMap<string, { readonly sql: string; readonly value: SqlValue }>;

interface Translated {
  readonly sql: Sql;
  readonly lower: LowerBounds;
}

/**
 * A WHERE as SQL. Every predicate is true or false, never null: SOQL has two truth values, so `!= 'x'` and `NOT`
 * take rows whose field is null.
 */
export function conditionSql(condition: Condition, scope: Scope, rules: ConditionRules): Sql {
  return translate(condition, { scope, rules, semiJoins: 0 }, false).sql;
}

const NO_BOUNDS: LowerBounds = new Map();

function translate(condition: Condition, around: Surroundings, underOr: boolean): Translated {
  switch (condition.kind) {
    case 'comparison':
      return comparisonSql(condition, around, underOr);
    case 'not': {
      const inner = translate(condition.item, around, underOr);
      return { sql: concatenated('not ifnull(', inner.sql, ', 0)'), lower: NO_BOUNDS };
    }
    case 'and': {
      const items = condition.items.map((item) => translate(item, around, underOr));
      const lower = new Map(items.flatMap((item) => [...item.lower]));
      return { sql: grouped(items, ' and '), lower };
    }
    case 'or': {
      const items = condition.items.map((item) => translate(item, around, true));
      const lower = commonBounds(items.map((item) => item.lower));
      // `a > x or (a = x and b > y)` implies `a >= x`, which is what an index can use: paging by keys lives on it.
      const implied = [...lower.values()].map((bound) => sql(`${bound.sql} >= ?`, bound.value));
      return {
        sql: grouped([{ sql: grouped(items, ' or ') }, ...implied.map((s) => ({ sql: s }))], ' and '),
        lower,
      };
    }
  }
}

/** Balanced, since SQLite takes expressions of depth 1,000 and a chain of operators is as deep as it is long. */
function grouped(items: readonly { readonly sql: Sql }[], operator: string): Sql {
  if (items.length === 1) return items[0]!.sql;
  const half = items.length >> 1;
  const sides = items.length > 8 ? [items.slice(0, half), items.slice(half)] : items.map((item) => [item]);
  const pieces = sides.map((side) => grouped(side, operator));
  return concatenated('(', joined(pieces, operator), ')');
}

function commonBounds(branches: readonly LowerBounds[]): LowerBounds {
  const common = new Map<string, { sql: string; value: SqlValue }>();
  for (const [column, bound] of branches[0] ?? NO_BOUNDS) {
    const all = branches.map((branch) => branch.get(column));
    if (all.some((other) => other === undefined)) continue;
    const smallest = all.reduce((least, other) => (other!.value! < least!.value! ? other : least));
    common.set(column, smallest ?? bound);
  }
  return common;
}

function comparisonSql(comparison: Comparison, around: Surroundings, underOr: boolean): Translated {
  const { scope, rules } = around;
  if (comparison.fn) {
    const name = comparison.fn.rawValue ?? comparison.fn.functionName ?? '';
    return { sql: comparedSql(rules.fn(comparison.fn), name, comparison, scope), lower: NO_BOUNDS };
  }
  const name = comparison.field ?? '';
  const target = rules.field(name);
  checkFilterable(target, name, scope);
  if (comparison.subquery) {
    if (underOr) throw malformed("Semi join sub-selects are not allowed with the 'OR' operator");
    if (++around.semiJoins > SEMI_JOINS_AT_MOST) {
      throw malformed('Only two levels of semi join sub-selects are allowed per query');
    }
    const inner = rules.subquery(comparison, target);
    const test = concatenated(target.sql, ' in (', inner, ')');
    return {
      sql: comparison.operator === 'NOT IN' ? concatenated('not ifnull(', test, ', 0)') : test,
      lower: NO_BOUNDS,
    };
  }
  if (
    target.own &&
    SEEKING.has(comparison.operator) &&
    scope.context.wantIndex(target.object, target.field)
  ) {
    scope.seeks = true;
  }
  const text = comparedSql(target, name, comparison, scope);
  return { sql: text, lower: lowerBounds(target, name, comparison, scope) };
}

/** Of `>`, `>=` and `=` with one value, on the object's own ids and stamps (texts compare without case). */
function lowerBounds(target: Resolved, name: string, comparison: Comparison, scope: Scope): LowerBounds {
  const { operator, values } = comparison;
  if (!target.own || values.length !== 1 || !['>', '>=', '='].includes(operator)) return NO_BOUNDS;
  if (target.field.type !== 'datetime' && target.field.type !== 'date') return NO_BOUNDS;
  const bound = bindLiteral(target.field, name, values[0]!, scope.context);
  const value = bound.kind === 'value' ? bound.value : bound.kind === 'range' ? bound.start : null;
  return value === null ? NO_BOUNDS : new Map([[target.field.name, { sql: target.sql, value }]]);
}

function checkFilterable(target: Resolved, name: string, scope: Scope): void {
  if (target.field.storage === 'compound') {
    throw new OrgFault('INVALID_FIELD', 'Address fields can only be filtered using Distance expressions');
  }
  if (target.field.document.filterable === false) {
    const { query } = scope.context;
    throw soqlFault(
      'INVALID_FIELD',
      query,
      offsetOf(query, name),
      `field '${target.field.name}' can not be filtered in a query call`,
    );
  }
}

function comparedSql(target: Resolved, name: string, comparison: Comparison, scope: Scope): Sql {
  const { operator, values } = comparison;
  checkOperator(target.field, name, operator, scope);
  if (operator === 'LIKE') return likeSql(target, name, comparison, scope);
  const bounds = values.map((literal) => bindLiteral(target.field, name, literal, scope.context));
  if (operator === 'INCLUDES' || operator === 'EXCLUDES') {
    const test = includesSql(target, bounds);
    return operator === 'INCLUDES' ? test : concatenated('not ', test);
  }
  if (operator === 'IN' || operator === 'NOT IN') {
    const test = inSql(target, bounds, scope);
    return operator === 'IN' ? test : concatenated('not ifnull(', test, ', 0)');
  }
  return valueSql(target, operator, bounds[0]!, scope);
}

function checkOperator(field: Field, name: string, operator: string, scope: Scope): void {
  const fault = (message: string) =>
    soqlFault(
      'INVALID_QUERY_FILTER_OPERATOR',
      scope.context.query,
      offsetOf(scope.context.query, name),
      message,
    );
  const includes = operator === 'INCLUDES' || operator === 'EXCLUDES';
  if (includes && field.type !== 'multipicklist') {
    throw fault(
      `includes or excludes operators are only valid on multipicklist fields, not on '${field.name}'`,
    );
  }
  const ordered = ['<', '<=', '>', '>='].includes(operator);
  const like = operator === 'LIKE';
  const invalid =
    (like &&
      (field.storage !== 'TEXT' || ['id', 'reference', 'date', 'datetime', 'time'].includes(field.type))) ||
    (like && field.type === 'multipicklist') ||
    (ordered && (field.type === 'boolean' || field.type === 'multipicklist'));
  if (invalid && field.storage !== 'formula') throw fault(`invalid operator on ${field.type} field`);
}

/** One comparison operator with one value or date span. */
function valueSql(target: Resolved, operator: string, bound: Bound, scope: Scope): Sql {
  const column = target.sql;
  if (bound.kind === 'null') {
    if (operator === '=') return sql(`${column} is null`);
    return operator === '!=' ? sql(`${column} is not null`) : sql('0');
  }
  if (bound.kind === 'range') {
    const { start, end } = bound;
    switch (operator) {
      case '=':
        return sql(`(${column} >= ? and ${column} < ?)`, start, end);
      case '!=':
        return sql(`not ifnull(${column} >= ? and ${column} < ?, 0)`, start, end);
      case '<':
        return sql(`${column} < ?`, start);
      case '<=':
        return sql(`${column} < ?`, end);
      case '>':
        return sql(`${column} >= ?`, end);
      default:
        return sql(`${column} >= ?`, start);
    }
  }
  const { value } = bound;
  if (target.own && target.field.type === 'id') return idSql(target, operator, String(value), scope);
  const { left, right, parameter } = comparable(target, value);
  if (operator === '=') return sql(`${left} = ${right}`, parameter);
  if (operator === '!=') return sql(`(${column} is null or ${left} <> ${right})`, parameter);
  return sql(`${left} ${operator} ${right}`, parameter);
}

/** An Id is its row's number, so that its order and its equality come from the row's key and need no index. */
function idSql(target: Resolved, operator: string, id: string, scope: Scope): Sql {
  const alias = target.sql.slice(0, target.sql.indexOf('.'));
  const number = target.object.keyPrefix === id.slice(0, 3) ? scope.context.numberOf(id) : undefined;
  if (number === undefined) return sql(`${target.sql} ${operator === '!=' ? '<>' : operator} ?`, id);
  return sql(`${alias}._rid ${operator === '!=' ? '<>' : operator} ?`, number);
}

/** Both sides of a comparison of text without case. */
function comparable(target: Resolved, value: string | number) {
  if (needsFolding(target.field, value)) {
    return { left: `fold(${target.sql})`, right: '?', parameter: value.toLowerCase() };
  }
  const collate = typeof value === 'string' && isCaseless(target.field) ? ' collate nocase' : '';
  return { left: target.sql, right: `?${collate}`, parameter: value };
}

function inSql(target: Resolved, bounds: readonly Bound[], scope: Scope): Sql {
  const special = bounds.filter((bound) => bound.kind !== 'value' || needsFolding(target.field, bound.value));
  const plain = bounds.flatMap((bound) =>
    bound.kind === 'value' && !needsFolding(target.field, bound.value) ? [bound.value] : [],
  );
  const tests = special.map((bound) => valueSql(target, '=', bound, scope));
  if (plain.length > 0) tests.push(plainIn(target, plain, scope));
  if (tests.length === 0) return sql('0');
  return grouped(
    tests.map((test) => ({ sql: test })),
    ' or ',
  );
}

function plainIn(target: Resolved, values: readonly (string | number)[], scope: Scope): Sql {
  let column = target.sql;
  let wanted = values;
  if (target.own && target.field.type === 'id') {
    column = `${target.sql.slice(0, target.sql.indexOf('.'))}._rid`;
    wanted = values.flatMap((id) =>
      String(id).startsWith(target.object.keyPrefix) ? (scope.context.numberOf(String(id)) ?? []) : [],
    );
  } else if (isCaseless(target.field) && typeof values[0] === 'string') {
    column = `${column} collate nocase`;
  }
  if (wanted.length <= PLACEHOLDERS_AT_MOST) {
    return sql(`${column} in (${wanted.map(() => '?').join(', ')})`, ...wanted);
  }
  return sql(`${column} in (select value from json_each(?))`, JSON.stringify(wanted));
}

/** `a;b` asks for both, several values for any of them (SOQL reference, "Querying Multi-Select Picklists"). */
function includesSql(target: Resolved, bounds: readonly Bound[]): Sql {
  const any = bounds.map((bound) => {
    if (bound.kind !== 'value') return sql(`${target.sql} is null`);
    const all = String(bound.value)
      .split(';')
      .map((value) =>
        sql(`instr(';' || fold(ifnull(${target.sql}, '')) || ';', ?) > 0`, `;${value.trim().toLowerCase()};`),
      );
    return concatenated('(', joined(all, ' and '), ')');
  });
  return concatenated('(', joined(any, ' or '), ')');
}

/** `%` and `_` are wild, a backslash makes them plain; matching ignores case (SOQL reference, "LIKE"). */
function likeSql(target: Resolved, name: string, comparison: Comparison, scope: Scope): Sql {
  const literal = comparison.values[0]!;
  const bound = bindLiteral(target.field, name, literal, scope.context);
  if (bound.kind !== 'value') return sql(`${target.sql} is null`);
  const pattern = likePattern(literal.text);
  if (target.field.document.caseSensitive) {
    const glob = pattern.replaceAll(/\\(.)|([%_*?[])/gs, (_, plain: string | undefined, special: string) =>
      plain !== undefined ? `[${plain}]` : special === '%' ? '*' : special === '_' ? '?' : `[${special}]`,
    );
    return sql(`${target.sql} glob ?`, glob);
  }
  if (/\P{ASCII}/u.test(pattern)) {
    return sql(`fold(${target.sql}) like ? escape '\\'`, pattern.toLowerCase());
  }
  return sql(`${target.sql} like ? escape '\\'`, pattern);
}

/** A SOQL pattern for SQLite: the string's escapes undone, those of `%`, `_` and the backslash itself kept. */
function likePattern(literal: string): string {
  const inner = literal.slice(1, -1);
  return inner.replaceAll(/\\(u[0-9a-fA-F]{4}|.)/gs, (whole, escaped: string) => {
    if (escaped === '%' || escaped === '_' || escaped === '\\') return whole;
    return unquoted(`'${whole}'`);
  });
}

/** A date function in a WHERE; aggregates belong into HAVING. */
export function whereFunction(fn: FunctionExp, scope: Scope): Resolved {
  const date = dateFunction(fn, scope);
  if (date) return date;
  if (
    ['COUNT', 'SUM', 'AVG', 'MIN', 'MAX', 'COUNT_DISTINCT'].includes(fn.functionName?.toUpperCase() ?? '')
  ) {
    throw malformed('Aggregate functions are not allowed in WHERE, use HAVING');
  }
  throw malformed(`Invalid function in WHERE clause: ${fn.functionName}`);
}
