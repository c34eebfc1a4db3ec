import type { FunctionExp, OrderByClause } from '@jetstreamapp/soql-parser-js';
import { isCaseless } from '../schema/field.ts';
import type { Resolved, Scope } from './scope.ts';
import { malformed, offsetOf, soqlFault } from './soql-fault.ts';
import { textConstant } from './sql.ts';

/** SOQL reference, "ORDER BY": fields of one statement. */
const FIELDS_AT_MOST = 32;

/** How a clause names what it sorts by. */
export interface OrderRules {
  readonly field: (name: string) => Resolved;
  readonly fn: (fn: FunctionExp) => Resolved;
}

/** ORDER BY as SQL, without the words; nulls come first unless said otherwise, whatever the direction. */
export function orderBySql(
  clause: OrderByClause | OrderByClause[] | undefined,
  scope: Scope,
  rules: OrderRules,
): string[] {
  if (clause === undefined) return [];
  const items = Array.isArray(clause) ? clause : [clause];
  if (items.length > FIELDS_AT_MOST)
    throw malformed(`The maximum number of ORDER BY fields is ${FIELDS_AT_MOST}`);
  return items.flatMap((item) => {
    const name = 'field' in item ? item.field : (item.fn.rawValue ?? '');
    const target = 'field' in item ? rules.field(item.field) : rules.fn(item.fn);
    checkSortable(target, name, scope);
    const direction = item.order === 'DESC' ? ' desc' : '';
    const nulls = item.nulls === 'LAST' ? ' nulls last' : ' nulls first';
    // A field that is never null needs no word about nulls, and then an index can give the order.
    const filled = target.own && target.field.document.nillable === false;
    return sortKeys(target).map((key) => `${key}${direction}${filled ? '' : nulls}`);
  });
}

function checkSortable(target: Resolved, name: string, scope: Scope): void {
  if (target.field.document.sortable !== false && target.field.storage !== 'compound') return;
  const { query } = scope.context;
  throw soqlFault(
    'INVALID_FIELD',
    query,
    offsetOf(query, name),
    `field '${target.field.name}' can not be sorted in a query call`,
  );
}

function sortKeys(target: Resolved): string[] {
  const { field } = target;
  if (field.type === 'id' && target.own) return [`${target.sql.slice(0, target.sql.indexOf('.'))}._rid`];
  if (field.type === 'picklist' && field.document.picklistValues.length > 0) {
    // Picklists sort in the order of their values in Setup, unknown values after them.
    const cases = field.document.picklistValues.map(
      (entry, index) => `when ${textConstant(entry.value)} then ${index}`,
    );
    return [
      `case ${target.sql} ${cases.join(' ')} else iif(${target.sql} is null, null, ${cases.length}) end`,
      `${target.sql} collate nocase`,
    ];
  }
  return [isCaseless(field) && field.storage !== 'REAL' ? `${target.sql} collate nocase` : target.sql];
}
