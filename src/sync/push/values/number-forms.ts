import type { Field } from '../../ports/field.ts';
import { type FieldFault, quoted } from './typed.ts';

export type DecimalMark = 'point' | 'comma';

/** What a number was written as, with a decimal point, and why it cannot be taken. */
export interface ReadNumber {
  value: unknown;
  fault: FieldFault | null;
}

export const ambiguousNumber = 'AMBIGUOUS_NUMBER';

/** `1.000`: one, or a thousand. A zero before the point, or another number of digits after it, makes it a fraction. */
const ambiguous = /^\s*[+-]?[1-9]\d{0,2}\.\d{3}\s*$/;
const withPoint = /^\s*[+-]?\d*\.\d+\s*$/;
const withComma = /^\s*[+-]?[\d.]*,\d+\s*$/;
const thousands = /^\s*[+-]?\d{1,3}(?:\.\d{3})+(?:,\d*)?\s*$/;

/**
 * Reads the texts of number fields with the decimal mark that the user has named. Where none is named, a file with
 * semicolons may be one of a country that has decimal commas: a number there that would be another with a comma is
 * doubted, until the file's other numbers show that it has points.
 */
export class NumberForms {
  readonly #mark: DecimalMark | null;
  readonly #points = new Set<string>();
  readonly #commas = new Set<string>();

  constructor(mark: DecimalMark | null) {
    this.#mark = mark;
  }

  read(record: { source: string; decimalComma?: boolean }, field: Field, value: unknown): ReadNumber {
    if (typeof value !== 'string' || !isNumber(field.type)) return { value, fault: null };
    if (this.#mark === 'comma') return readWithComma(field, value);
    if (this.#mark === 'point' || record.decimalComma !== true) return { value, fault: null };
    const { source } = record;
    if (withComma.test(value)) this.#commas.add(source);
    if (!ambiguous.test(value)) {
      if (withPoint.test(value)) this.#points.add(source);
      return { value, fault: null };
    }
    return { value, fault: this.#hasPoints(source) ? null : doubt(field, value) };
  }

  /** Of which sources all that was doubted is meant as it stands. */
  settled(): string[] {
    return [...this.#points].filter((source) => this.#hasPoints(source));
  }

  #hasPoints(source: string): boolean {
    return this.#points.has(source) && !this.#commas.has(source);
  }
}

export function isNumber(type: string): boolean {
  return ['int', 'long', 'double', 'currency', 'percent'].includes(type);
}

function readWithComma(field: Field, value: string): ReadNumber {
  if (!value.includes('.')) return { value: value.replace(',', '.'), fault: null };
  if (thousands.test(value)) return { value: value.replaceAll('.', '').replace(',', '.'), fault: null };
  const message = `${field.name} is a number like 1.234,5 with --decimal comma, not ${quoted(value)}.`;
  return { value, fault: { code: 'WRONG_TYPE', message } };
}

function doubt(field: Field, value: string): FieldFault {
  const text = value.trim();
  const message = `${field.name} ${quoted(text)} is ${Number(text)} with a decimal point and ${text.replace('.', '')} with a decimal comma, as files with semicolons often have: say --decimal point or --decimal comma.`;
  return { code: ambiguousNumber, message };
}
