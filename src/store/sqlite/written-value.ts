import type { StoredColumn } from '../fields/stored-column.ts';
import { sqlText } from './sql-text.ts';

/** A reason to refuse a value, and the SQL that is true where it holds. */
export interface ValueRule {
  when: string;
  message: string;
}

const numberTypes = new Set(['double', 'currency', 'percent']);
const wholeTypes = new Set(['int', 'long']);
/** Types whose values are texts of a form of their own. */
const otherForms = new Set(['date', 'datetime', 'time', 'reference']);
/** The years that Salesforce keeps. Source: SOQL and SOSL Reference, "Date Formats and Date Literals". */
const isDayPattern = "GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]";
const [firstYear, lastYear] = ['1700', '4001'];
/** Largest 32-bit integer, which is what the type `int` holds. */
const largestInt = 2_147_483_647;

/**
 * SQL: `given`, a value as a program writes it, in the form that mirrors store. What cannot be brought into it is null
 * or stays as it is, and `rulesOf` refuses it. An empty text is nothing, as in Salesforce.
 */
export function storedForm({ type }: Pick<StoredColumn, 'type'>, given: string): string {
  const value = meantForm({ type }, given);
  if (type === 'datetime') return `strftime('%Y-%m-%dT%H:%M:%fZ', ${value})`;
  if (type === 'time') return `strftime('%H:%M:%f', ${value}) || 'Z'`;
  return value;
}

/**
 * SQL: what a program means by `given`: null for nothing, and an address or an Id without what stands around it, as a push
 * takes them. Blanks around other texts are left to Salesforce, which takes them off.
 */
export function meantForm({ type }: Pick<StoredColumn, 'type'>, given: string): string {
  const isOneWord = type === 'email' || type === 'reference';
  return `nullif(${isOneWord ? `trim(${given}, ${aroundWords})` : given}, '')`;
}

/** SQL: a stored value as JSON, for Salesforce. */
export function jsonForm({ type }: Pick<StoredColumn, 'type'>, stored: string): string {
  if (type === 'boolean') return `CASE ${stored} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END`;
  return numberTypes.has(type) ? numberJson(stored) : `json_quote(${stored})`;
}

/**
 * Former versions (3.40) write 15 digits of a number in `json_quote`, where telling it from its neighbours takes 17, and
 * may be one off in the 17th digit of `printf`. They read short ones back exactly.
 */
function numberJson(stored: string): string {
  const short = `json_quote(${stored})`;
  return `CASE WHEN typeof(${stored}) <> 'real' OR (length(${short}) < 14 AND CAST(${short} AS REAL) = ${stored})
    THEN ${short} ELSE printf('%!.20g', ${stored}) END`;
}

/** SQL: a member of `json_each(document)` as JSON; a number to the last digit, which `value` and `atom` need not have. */
export function memberJson(each: string, document: string): string {
  const twice = `json_extract(${document}, ${each}.fullkey, ${each}.fullkey)`;
  return `CASE ${each}.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
    WHEN 'real' THEN substr(${twice}, 2, (length(${twice}) - 3) / 2) ELSE json_quote(${each}.value) END`;
}

/**
 * Why a value is none of the field. `given`: SQL of what was written; `stored`: of what the column holds now, in the
 * stored form and after SQLite has turned numbers and texts into the column's type. Nothing is refused that is null.
 */
export function rulesOf(field: StoredColumn, given: string, stored: string): ValueRule[] {
  const { name, type } = field;
  const rules: ValueRule[] = [
    { when: `typeof(${given}) = 'blob'`, message: `${name} takes a text or a number, not a blob.` },
  ];
  if (type === 'boolean') {
    rules.push({ when: `${stored} NOT IN (0, 1)`, message: `${name} takes 0 or 1.` });
  } else if (wholeTypes.has(type)) rules.push(...wholeRules(field, stored));
  else if (numberTypes.has(type)) rules.push(...numberRules(field, stored));
  else if (type === 'date') rules.push(...dateRules(field, stored));
  else if (type === 'datetime') rules.push(...datetimeRules(field, given, stored));
  else if (type === 'time') {
    const isTime = `${given} GLOB '[0-2][0-9]:[0-5][0-9]*' AND ${given} NOT GLOB '24*' AND ${stored} IS NOT NULL`;
    rules.push({
      when: `nullif(${given}, '') IS NOT NULL AND NOT (${isTime})`,
      message: `${name} takes a time like 12:30:00.000Z.`,
    });
  } else rules.push(...textRules(field, stored));
  return rules;
}

function wholeRules({ name, type, digits }: StoredColumn, stored: string): ValueRule[] {
  const isTooLarge = type === 'int' ? `abs(${stored}) > ${largestInt}` : 'false';
  return [
    { when: `typeof(${stored}) NOT IN ('integer', 'null')`, message: `${name} takes a whole number.` },
    {
      when: digits > 0 ? `abs(${stored}) >= 1e${digits} OR ${isTooLarge}` : isTooLarge,
      message: `${name} takes at most ${digits || 10} digits.`,
    },
  ];
}

function numberRules({ name, precision, scale }: StoredColumn, stored: string): ValueRule[] {
  const digits = precision - scale;
  return [
    { when: `typeof(${stored}) NOT IN ('real', 'integer', 'null')`, message: `${name} takes a number.` },
    // SQLite has an infinity, and JSON has none.
    { when: `abs(${stored}) > 1.7976931348623157e308`, message: `${name} takes a finite number.` },
    ...(digits > 0
      ? [
          {
            when: `abs(${stored}) >= 1e${digits}`,
            message: `${name} takes at most ${digits} digits before the point.`,
          },
        ]
      : []),
  ];
}

/**
 * `date` answers another day for 2026-02-30, and null for what is no date at all. With a modifier it does so in every
 * SQLite that a program may have: without one, former ones (3.40) hand the day back as it was given.
 */
function isNoDay(value: string): string {
  return `date(substr(${value}, 1, 10), '+0 days') IS NOT substr(${value}, 1, 10)
    OR ${value} NOT BETWEEN '${firstYear}' AND '${lastYear}'`;
}

function dateRules({ name }: StoredColumn, stored: string): ValueRule[] {
  return [
    {
      when: `${stored} IS NOT NULL AND (${stored} NOT ${isDayPattern}' OR ${isNoDay(stored)})`,
      message: `${name} takes a date like 2026-01-31, of the years 1700 to 4000.`,
    },
  ];
}

/** Which SQLite takes 24:00 for a time, and for which, goes by its version; Salesforce has no such hour. */
function datetimeRules({ name }: StoredColumn, given: string, stored: string): ValueRule[] {
  return [
    {
      when: `nullif(${given}, '') IS NOT NULL AND (${given} NOT ${isDayPattern}*' OR ${isNoDay(given)}
        OR substr(${given}, 12, 2) = '24' OR ${stored} IS NULL)`,
      message: `${name} takes a time in UTC like 2026-01-31T12:00:00.000Z, of the years 1700 to 4000.`,
    },
  ];
}

/** Whether the field takes a text of at most `length` characters. */
export function isLimitedText({ type, length }: Pick<StoredColumn, 'type' | 'length'>): boolean {
  return holdsText({ type }) && !otherForms.has(type) && length > 0;
}

/** Why a text is refused that is longer than its field. */
export function tooLong({ name, length }: StoredColumn): string {
  return `${name} is too long: it takes ${length} characters.`;
}

function textRules(field: StoredColumn, stored: string): ValueRule[] {
  const { name, type, length, referenceTo } = field;
  if (type === 'reference') {
    const what = referenceTo.length === 0 ? 'a record' : referenceTo.slice(0, 3).join(' or ');
    return [
      {
        when: `length(${stored}) NOT IN (15, 18) OR ${stored} GLOB '*[^A-Za-z0-9]*'`,
        message: `${name} takes the Id of ${what}.`,
      },
    ];
  }
  const rules: ValueRule[] = [];
  if (isLimitedText(field)) rules.push({ when: `length(${stored}) > ${length}`, message: tooLong(field) });
  if (type === 'email')
    rules.push({
      when: `${stored} NOT LIKE '%_@_%._%' OR ${stored} LIKE '% %'`,
      message: `${name} takes one e-mail address.`,
    });
  return rules;
}

const places = 32;
const eachPlace = `json_each('[${Array.from({ length: places }, (_, n) => n).join()}]')`;
/** More than a field of Salesforce holds (131,072 characters), each as an escape of JSON. */
const longest = places ** 4;

/** SQL: the pieces of these pieces. `LIMIT` keeps SQLite from cutting each of them anew for every character in it. */
const cut = (pieces: string, length: number) =>
  `SELECT substr(v, value * ${length} + 1, ${length}) AS v FROM (${pieces}) CROSS JOIN ${eachPlace}
    WHERE value * ${length} < length(v) LIMIT -1`;

/** SQL: each character of a text `v`. In pieces of pieces, for `substr` counts from the beginning. */
const characters = cut(cut(cut(cut('SELECT v', places ** 3), places ** 2), places), 1);

/**
 * SQL: whether the text that was written as this JSON has more than `most` UTF-16 code units, of one that has no more
 * characters. Salesforce takes what is beyond U+FFFF for two (help 005166849, "Surrogate Pair Characters Are Treated as
 * Two Characters"), SQLite for one. Nothing is counted where a text has none of them.
 */
export function isLongerInUtf16(json: string, most: string): string {
  return `CASE WHEN ${json} GLOB '*[' || char(65536) || '-' || char(1114111) || ']*'
    THEN length(json_extract(${json}, '$')) + (SELECT
      (SELECT count(*) FROM (${characters}) WHERE unicode(v) > 65535) FROM (SELECT ${json} AS v)) > ${most}
    ELSE 0 END`;
}

/**
 * SQL: whether a text holds bytes that are no UTF-8, which would be sent as U+FFFD, or a NUL, behind which SQLite's own
 * functions see nothing. A character is right where SQLite writes what it has read with the same bytes; of U+FFFE and
 * U+FFFF it reads U+FFFD. No `WITH`, which SQLite since 3.54 refuses behind the first 1,000 tables of a trigger.
 */
export function isNoUtf8(text: string): string {
  return `(SELECT CASE
    WHEN length(CAST(v AS BLOB)) = length(v) AND v NOT GLOB '*[^' || char(1) || '-' || char(127) || ']*' THEN 0
    ELSE instr(CAST(v AS BLOB), x'00') > 0 OR length(v) > ${longest} OR EXISTS (
      SELECT 1 FROM (${characters}) WHERE v <> char(unicode(v))
        AND v NOT IN (CAST(x'EFBFBE' AS TEXT), CAST(x'EFBFBF' AS TEXT)))
    END FROM (SELECT ${text} AS v))`;
}

/** Whether what is written to the field can come to Salesforce as a text that nobody has turned into something else. */
export function holdsText({ type }: Pick<StoredColumn, 'type'>): boolean {
  return type !== 'boolean' && !numberTypes.has(type) && !wholeTypes.has(type);
}

/** SQL: `isNoUtf8` of the text that was written as this JSON. A NUL is an escape there, and a backslash is two. */
export function isNoUtf8InJson(json: string): string {
  return `(${isNoUtf8(json)} OR instr(replace(${json}, '\\\\', ''), '\\u0000') > 0)`;
}

/** Why a text is refused that is none. */
export const noUtf8 = 'holds bytes that are no UTF-8, or a NUL.';

/** What Salesforce takes off at both ends of a text: blanks and control characters. */
const edges = `char(${Array.from({ length: 32 }, (_, i) => i + 1).join(', ')})`;

/** SQL: those, and what JavaScript takes for white space. Source: ECMA-262, "White Space". */
const aroundWords = `${edges} || char(160, 5760, ${Array.from({ length: 11 }, (_, i) => 8192 + i).join(', ')}, 8232, 8233, 8239, 8287, 12288, 65279)`;

/** SQL: whether Salesforce takes the value for none, which it refuses where the field must have one. */
export function isNothing(stored: string): string {
  return `coalesce(trim(${stored}, ${edges}), '') = ''`;
}

/**
 * SQL: the first rule that holds, or that is the value of `subject` where there is one, refuses the statement, else
 * `value`. The message is a literal, as SQLite wants it.
 */
export function refusingBy(rules: readonly ValueRule[], value: string, subject = ''): string {
  const cases = rules.map(({ when, message }) => `WHEN ${when} THEN raise(ABORT, ${sqlText(message)})`);
  return cases.length === 0 ? value : `CASE ${subject} ${cases.join(' ')} ELSE ${value} END`;
}
