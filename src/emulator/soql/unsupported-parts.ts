import type { FieldFunctionExpression, FunctionExp, Query } from '@jetstreamapp/soql-parser-js';
import { unsupported } from './soql-fault.ts';

/** Functions of SOQL that this org cannot compute (docs/emulator.md, "Where it differs from Salesforce"). */
const FUNCTIONS = new Set(['DISTANCE', 'GEOLOCATION', 'ROLLUP', 'CUBE', 'GROUPING']);

/** Refuses the functions of a query's list, groups and order that are not there; conditions refuse their own. */
export function refuseUnsupported(query: Query, text: string): void {
  for (const item of query.fields ?? []) {
    if (item.type === 'FieldFunctionExpression') refuseFunction(item, text);
  }
  for (const clause of [query.groupBy ?? [], query.orderBy ?? []].flat()) {
    if ('fn' in clause) refuseFunction(clause.fn, text);
  }
}

export function refuseFunction(fn: FunctionExp | FieldFunctionExpression, text: string): void {
  const name = fn.functionName ?? '';
  if (FUNCTIONS.has(name.toUpperCase())) throw unsupported(text, name, `${name.toUpperCase()}()`);
}
