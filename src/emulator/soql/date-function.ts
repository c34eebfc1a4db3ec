import type { FunctionExp } from '@jetstreamapp/soql-parser-js';
import type { Field } from '../schema/field.ts';
import type { Resolved, Scope } from './scope.ts';
import { malformed } from './soql-fault.ts';

type Writer = (column: string) => string;

const number =
  (format: string): Writer =>
  (column) =>
    `cast(strftime('${format}', ${column}) as integer)`;
const quarter: Writer = (column) => `((cast(strftime('%m', ${column}) as integer) + 2) / 3)`;

/** SOQL reference, "Date Functions". The fiscal year is the calendar year; the zone is GMT. */
const WRITERS: Readonly<Record<string, Writer>> = {
  CALENDAR_YEAR: number('%Y'),
  CALENDAR_QUARTER: quarter,
  CALENDAR_MONTH: number('%m'),
  FISCAL_YEAR: number('%Y'),
  FISCAL_QUARTER: quarter,
  FISCAL_MONTH: number('%m'),
  DAY_IN_MONTH: number('%d'),
  DAY_IN_YEAR: number('%j'),
  // 1 for Sunday.
  DAY_IN_WEEK: (column) => `(cast(strftime('%w', ${column}) as integer) + 1)`,
  HOUR_IN_DAY: number('%H'),
  // 1 from the first to the seventh.
  WEEK_IN_MONTH: (column) => `((cast(strftime('%d', ${column}) as integer) + 6) / 7)`,
  // 1 from January 1 to January 7.
  WEEK_IN_YEAR: (column) => `((cast(strftime('%j', ${column}) as integer) + 6) / 7)`,
  DAY_ONLY: (column) => `substr(${column}, 1, 10)`,
};

const ONLY_OF_DATETIME = new Set(['HOUR_IN_DAY', 'DAY_ONLY']);

/**
 * A date function over a field, as a field of its own: `DAY_ONLY` gives a date, the others whole numbers. Undefined
 * where the function is none of them.
 */
export function dateFunction(fn: FunctionExp, scope: Scope): Resolved | undefined {
  const name = fn.functionName?.toUpperCase() ?? '';
  const write = WRITERS[name];
  if (!write) return undefined;
  const source = scope.resolve(argument(fn));
  const { type } = source.field;
  if (type !== 'datetime' && (type !== 'date' || ONLY_OF_DATETIME.has(name))) {
    throw malformed(`Function ${name} is not valid on field ${source.field.name}`);
  }
  const day = name === 'DAY_ONLY';
  const field: Field = { ...source.field, type: day ? 'date' : 'int', storage: day ? 'TEXT' : 'INTEGER' };
  return { ...source, field, sql: write(source.sql), own: false };
}

/** `convertTimezone(Field)` inside a date function means the user's zone, which is the org's. */
function argument(fn: FunctionExp): string {
  const parameter = fn.parameters?.[0];
  if (typeof parameter === 'string') return parameter;
  const inner = parameter?.parameters?.[0];
  if (parameter?.functionName?.toUpperCase() === 'CONVERTTIMEZONE' && typeof inner === 'string') return inner;
  throw malformed(`Invalid argument of function ${fn.functionName}`);
}
