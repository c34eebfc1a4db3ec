import { NumberText } from '../../../base/number-text.ts';
import type { Field } from '../../ports/field.ts';
import { decimalText, parseDecimal, significantDigits } from './decimal.ts';
import { quoted, type Typed, wrong } from './typed.ts';

/** Salesforce keeps a number with at most so many digits. Source: Object Reference, "Primitive Data Types". */
const mostDigits = 18;
/** Any number of so many digits is the same again after it was a double. */
const safeDigits = 15;
const largestInt = 2 ** 31 - 1;

/**
 * A number for a number field. One of up to 15 digits is sent as a number; of more digits none may be lost, so it
 * is sent as a text, which Salesforce takes too, or is a fault where the field would not keep it. What has only more
 * decimals than the field is rounded by Salesforce itself.
 */
export function numberValue(value: unknown, field: Field): Typed {
  const text = textOf(value);
  if (text === '') return { value: null };
  const decimal = text === null ? null : parseDecimal(text);
  if (decimal === null) {
    const mend = text?.includes(',') ? ' --decimal comma reads a comma as the decimal point.' : '';
    return wrong(`${field.name} is a number, not ${quoted(value)}.${mend}`);
  }
  const isWhole = field.type === 'int' || field.type === 'long';
  if (isWhole && decimal.fraction !== '') return wrong(`${field.name} is a whole number, not ${text}.`);
  const digits = isWhole ? field.digits : field.precision - field.scale;
  const tooLarge = field.type === 'int' && Number(decimalText(decimal)) > largestInt;
  if ((digits > 0 && decimal.whole.length > digits) || tooLarge) {
    return outside(`${field.name} has at most ${digits || 10} digits before the point, not ${text}.`);
  }
  const significant = significantDigits(decimal);
  if (significant <= safeDigits) return { value: Number(decimalText(decimal)) };
  if (significant > mostDigits) {
    return outside(`${field.name} is ${text}, and Salesforce keeps ${mostDigits} digits.`);
  }
  if (field.precision > 0 && decimal.fraction.length > field.scale) {
    return outside(`${field.name} is ${text}, and the field keeps ${field.scale} digits after the point.`);
  }
  return { value: decimalText(decimal) };
}

function outside(message: string): Typed {
  return { fault: { code: 'NUMBER_OUTSIDE_VALID_RANGE', message } };
}

function textOf(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  if (value instanceof NumberText) return value.text;
  return typeof value === 'string' ? value.trim() : null;
}
