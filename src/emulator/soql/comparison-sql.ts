import type { Field } from '../schema/field.ts';
import { isCaseless } from '../schema/field.ts';
import type { Comparison } from './condition.ts';
import { type Bound, bindLiteral, needsFolding, unquoted } from './literal.ts';
import type { Resolved, Scope } from './scope.ts';
import { offsetOf, soqlFault } from './soql-fault.ts';
import { concatenated, grouped, joined, type Sql, sql } from './sql.ts';

/** Up to here values are placeholders of their own; beyond, one JSON array, so that the SQL stays short. */
const PLACEHOLDERS_AT_MOST = 20;

/** A field compared with literals: checked as SOQL checks it, and true or false for every row. */
export function comparedSql(target: Resolved, name: string, comparison: Comparison, scope: Scope): Sql {
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
  return grouped(tests, ' or ');
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
  // `\%` and `\_` are escapes here alone; the check of the literal need not see them.
  const plain = {
    ...literal,
    text: literal.text.replaceAll(/\\(.)/gs, (whole, c) => (c === '%' || c === '_' ? c : whole)),
  };
  const bound = bindLiteral(target.field, name, plain, scope.context);
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
