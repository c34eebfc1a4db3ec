import { parseTime } from '../../../base/iso-time.ts';
import type { Field } from '../../ports/field.ts';
import { quoted, type Typed, wrong } from './typed.ts';

const day = /^(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:?\d\d|[ T]00:00(?::00(?:\.0+)?)?)?$/;
const instant = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s?(?:Z|[+-]\d\d:?\d\d)$/;

/**
 * A day, as it is written: neither a zone (`1940-06-07Z`) nor a time moves it. Salesforce would keep the day of an instant
 * in UTC, and so the day before of a midnight east of it: it is sent the day alone, which it can keep in one way only.
 * Source: REST API Developer Guide, "Valid Date and DateTime Formats" (no offset for a date).
 */
export function dateValue(value: unknown, field: Field): Typed {
  const text = typeof value === 'string' ? value.trim() : null;
  if (text === '') return { value: null };
  const plain = text === null ? null : day.exec(text);
  if (plain?.[1] !== undefined && isDay(plain[1])) return { value: plain[1] };
  if (text !== null && isInstant(text)) return { value: text.slice(0, 10) };
  if (plain?.[1] !== undefined && isCalendarDay(plain[1])) return outOfRange(field, text);
  return wrong(`${field.name} is a date like 2026-01-31, not ${quoted(value)}.`);
}

/** An instant; a day alone is its midnight in UTC, as Salesforce reads it. Source: as above. */
export function datetimeValue(value: unknown, field: Field): Typed {
  const text = typeof value === 'string' ? value.trim() : null;
  if (text === '') return { value: null };
  if (text !== null && isInstant(text)) return { value: text.replace(/\s/, '') };
  if (text !== null && /^\d{4}-\d\d-\d\d$/.test(text) && isDay(text)) {
    return { value: `${text}T00:00:00.000Z` };
  }
  if (text !== null && isCalendarDay(text.slice(0, 10)) && !isDay(text.slice(0, 10))) {
    return outOfRange(field, text);
  }
  return wrong(`${field.name} is a time like 2026-01-31T12:00:00Z, not ${quoted(value)}.`);
}

function isInstant(text: string): boolean {
  const match = instant.exec(text);
  return match?.[1] !== undefined && isDay(match[1]) && parseTime(text.replace(/\s/, '')) !== null;
}

/** The days that Salesforce keeps. Source: SOQL and SOSL Reference, "Date Formats and Date Literals". */
const [firstYear, lastYear] = [1700, 4000];

function outOfRange(field: Field, text: string | null): Typed {
  return wrong(
    `${field.name} is ${quoted(text)}, and Salesforce keeps the years ${firstYear} to ${lastYear}.`,
  );
}

function isDay(text: string): boolean {
  const year = Number(text.slice(0, 4));
  return isCalendarDay(text) && year >= firstYear && year <= lastYear;
}

/** `2026-02-30` is none, though Date.parse takes some of its like. */
function isCalendarDay(text: string): boolean {
  const ms = parseTime(`${text}T00:00:00Z`);
  return ms !== null && new Date(ms).toISOString().startsWith(text);
}
