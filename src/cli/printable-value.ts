import { printableLine } from '../base/printable.ts';

/**
 * Every text in plain data made fit for one line of a terminal or a log. A value in which nothing had to change is
 * given back as it is, so that many rows take no second copy.
 */
export function printableValue(value: unknown): unknown {
  if (typeof value === 'string') return printableLine(value);
  if (Array.isArray(value)) {
    const items = value.map(printableValue);
    return items.every((item, at) => Object.is(item, value[at])) ? value : items;
  }
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  const before = Object.entries(value);
  const after = before.map(([key, item]) => [printableLine(key), printableValue(item)] as const);
  const same = after.every(([key, item], at) => key === before[at]![0] && Object.is(item, before[at]![1]));
  return same ? value : Object.fromEntries(after);
}
