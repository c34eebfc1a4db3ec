import type { FunctionExp } from '@jetstreamapp/soql-parser-js';
import { OrgFault } from '../schema/fault.ts';
import type { SqlValue } from '../schema/field.ts';
import { comparedSql } from './comparison-sql.ts';
import type { Comparison, Condition } from './condition.ts';
import { dateFunction } from './date-function.ts';
import { bindLiteral } from './literal.ts';
import type { Resolved, Scope } from './scope.ts';
import { malformed, offsetOf, soqlFault } from './soql-fault.ts';
import { concatenated, grouped, type Sql, sql } from './sql.ts';
import { refuseFunction } from './unsupported-parts.ts';
import { labelSql } from './value-text.ts';

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
  return translate(condition, { scope, rules, semiJoins: 0 }, 'and').sql;
}

const NO_BOUNDS: LowerBounds = new Map();

/** The operator above a comparison that semi-joins do not go with, if there is one. */
type Above = 'and' | 'or' | 'not';

function translate(condition: Condition, around: Surroundings, above: Above): Translated {
  switch (condition.kind) {
    case 'comparison':
      return comparisonSql(condition, around, above);
    case 'not': {
      const inner = translate(condition.item, around, 'not');
      return { sql: concatenated('not ifnull(', inner.sql, ', 0)'), lower: NO_BOUNDS };
    }
    case 'and': {
      const items = condition.items.map((item) => translate(item, around, above));
      const lower = new Map(items.flatMap((item) => [...item.lower]));
      return {
        sql: grouped(
          items.map((item) => item.sql),
          ' and ',
        ),
        lower,
      };
    }
    case 'or': {
      const items = condition.items.map((item) => translate(item, around, 'or'));
      const lower = commonBounds(items.map((item) => item.lower));
      // `a > x or (a = x and b > y)` implies `a >= x`, which is what an index can use: paging by keys lives on it.
      const implied = [...lower.values()].map((bound) => sql(`${bound.sql} >= ?`, bound.value));
      return {
        sql: grouped(
          [
            grouped(
              items.map((item) => item.sql),
              ' or ',
            ),
            ...implied,
          ],
          ' and ',
        ),
        lower,
      };
    }
  }
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

function comparisonSql(comparison: Comparison, around: Surroundings, above: Above): Translated {
  const { scope, rules } = around;
  if (comparison.fn) {
    const name = comparison.fn.rawValue ?? comparison.fn.functionName ?? '';
    return { sql: comparedSql(rules.fn(comparison.fn), name, comparison, scope), lower: NO_BOUNDS };
  }
  const name = comparison.field ?? '';
  const target = rules.field(name);
  checkFilterable(target, name, scope);
  if (comparison.subquery) {
    if (above !== 'and') {
      throw malformed(`Semi join sub-selects are not allowed with the '${above.toUpperCase()}' operator`);
    }
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

/** A date function or `toLabel` in a WHERE; aggregates belong into HAVING. */
export function whereFunction(fn: FunctionExp, scope: Scope): Resolved {
  refuseFunction(fn, scope.context.query);
  const date = dateFunction(fn, scope);
  if (date) return date;
  const argument = fn.parameters?.[0];
  if (fn.functionName?.toUpperCase() === 'TOLABEL' && typeof argument === 'string') {
    const resolved = scope.resolve(argument);
    return { ...resolved, sql: labelSql(resolved.field, resolved.sql), own: false };
  }
  if (
    ['COUNT', 'SUM', 'AVG', 'MIN', 'MAX', 'COUNT_DISTINCT'].includes(fn.functionName?.toUpperCase() ?? '')
  ) {
    throw malformed('Aggregate functions are not allowed in WHERE, use HAVING');
  }
  throw malformed(`Invalid function in WHERE clause: ${fn.functionName}`);
}
