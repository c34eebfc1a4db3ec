/** A decimal number exactly as it was written, however many digits it has. */
export interface Decimal {
  negative: boolean;
  /** Without leading zeros; empty for numbers below 1. */
  whole: string;
  /** Without trailing zeros. */
  fraction: string;
}

/** No number field is near it, and `1e999999999` must not become a text of that length. */
const largestExponent = 400;

/** `12`, `-0.50`, `.5`, `1e3`; null for anything else, hexadecimal and thousands separators included. */
export function parseDecimal(text: string): Decimal | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/.exec(text);
  if (match === null) return null;
  const [, sign, before = '', after = '', power = '0'] = match;
  const exponent = Number(power);
  if (before + after === '' || Math.abs(exponent) > largestExponent) return null;
  const digits = before + after;
  const point = before.length + exponent;
  const padded = point < 0 ? '0'.repeat(-point) + digits : digits.padEnd(point, '0');
  const at = Math.max(point, 0);
  const whole = padded.slice(0, at).replace(/^0+/, '');
  const fraction = padded.slice(at).replace(/0+$/, '');
  return { negative: sign === '-' && whole + fraction !== '', whole, fraction };
}

/** In plain notation; equal numbers give equal texts. */
export function decimalText({ negative, whole, fraction }: Decimal): string {
  return `${negative ? '-' : ''}${whole || '0'}${fraction === '' ? '' : `.${fraction}`}`;
}

/** A number's text in plain notation, however it was written; null where the text is no number. */
export function plainDecimal(text: string): string | null {
  const decimal = parseDecimal(text.trim());
  return decimal === null ? null : decimalText(decimal);
}

/** From the first digit that is not 0 to the last. */
export function significantDigits({ whole, fraction }: Decimal): number {
  if (fraction === '') return whole.replace(/0+$/, '').length;
  return (whole + fraction).replace(/^0+/, '').length;
}

/**
 * To so many decimals, as Salesforce keeps a number: halves go up, so that 12.345 becomes 12.35 and -12.345 becomes -12.34
 * (Salesforce Help, "Custom Field Types", Number).
 */
export function roundedTo(decimal: Decimal, scale: number): Decimal {
  const { negative, whole, fraction } = decimal;
  if (fraction.length <= scale) return decimal;
  const rest = fraction.slice(scale);
  // What follows the last digit that is kept has no zeros at its end.
  const isAway = negative ? rest > '5' : rest >= '5';
  const digits = String(BigInt(`0${whole}${fraction.slice(0, scale)}`) + (isAway ? 1n : 0n)).padStart(
    scale + 1,
    '0',
  );
  return parseDecimal(
    `${negative ? '-' : ''}${digits.slice(0, digits.length - scale)}.${digits.slice(digits.length - scale)}`,
  )!;
}
