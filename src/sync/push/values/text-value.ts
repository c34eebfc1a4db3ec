import { NumberText } from '../../../base/number-text.ts';
import { trimEdges } from '../../../base/trim-edges.ts';
import { contact } from '../../../org/synced-object.ts';
import type { Field } from '../../ports/field.ts';
import { itemsOf } from './same-value.ts';
import { quoted, type Typed, wrong } from './typed.ts';

/** Types in which a no-break space from a web page is never meant. */
const withoutInnerSpace = new Set(['email', 'reference', 'id', 'phone', 'url', 'picklist', 'multipicklist']);
const listedValues = 20;

/**
 * A text, trimmed as Salesforce trims it: blanks and control characters at both ends, while a no-break space
 * stays. Only what describe says for sure is checked. A length is that in UTF-16 code units, as JavaScript has it too.
 * Sources: Apex Developer Guide, "Primitive Data Types" (String); help 005166849, "Surrogate Pair Characters Are
 * Treated as Two Characters".
 */
export function textValue(value: unknown, field: Field): Typed {
  if (typeof value === 'object' && !(value instanceof NumberText)) {
    return wrong(`${field.name} takes a plain value, not an object or a list.`);
  }
  const text = withoutInnerSpace.has(field.type) ? String(value).trim() : trimEdges(String(value));
  if (text === '') return { value: null };
  // JSON may hold half of a character, which any way of sending would turn into another.
  if (!text.isWellFormed()) {
    return wrong(`${field.name} holds half of a character (a lone surrogate, ${halfOf(text)}).`);
  }
  // Salesforce keeps the text without it, and says nothing.
  if (text.includes('\0')) return wrong(`${field.name} holds a NUL (\\u0000), which no field takes.`);
  if (field.type === 'phone' && shortened.test(text)) {
    return wrong(
      `${field.name} is ${quoted(text)}, a number that a spreadsheet has shortened: give all its digits, in a column formatted as text.`,
    );
  }
  if (field.type === 'reference') return referenceValue(text, field);
  if (field.length > 0 && text.length > field.length) {
    const message = `${field.name} takes ${field.length} characters and got ${text.length}${ofPairs(text)}.`;
    return { fault: { code: 'STRING_TOO_LONG', message } };
  }
  if (field.type === 'email') return emailValue(text, field);
  if (field.type === 'multipicklist') return picklistValue(itemsOf(text), field);
  return field.type === 'picklist' ? picklistValue([text], field) : { value: text };
}

/** Why a text has more characters than one sees in it. */
function ofPairs(text: string): string {
  const pairs = text.length - [...text].length;
  return pairs === 0 ? '' : `, as Salesforce takes an emoji and the like for two (${pairs} of them)`;
}

/** `4.9E+11`, with either decimal point: what digits it had is no longer known. */
const shortened = /^[+-]?\d(?:[.,]\d+)?E\+?\d{1,3}$/i;

function halfOf(text: string): string {
  const half = /\p{Surrogate}/u.exec(text)?.[0] ?? '';
  return `\\u${half.charCodeAt(0).toString(16)}`;
}

/** The first three characters of the Ids of objects that are the same in all orgs. */
const prefixes = new Map([
  ['Account', '001'],
  [contact.name, contact.keyPrefix],
  ['User', '005'],
  ['Group', '00G'],
  ['RecordType', '012'],
  ['Individual', '0PK'],
]);

function referenceValue(text: string, field: Field): Typed {
  if (!/^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$/.test(text)) {
    return malformed(`${field.name} ${quoted(text)} is not a Salesforce Id.`);
  }
  const own = field.referenceTo.map((object) => prefixes.get(object)?.toLowerCase());
  if (own.length === 0 || own.includes(undefined) || own.includes(text.slice(0, 3).toLowerCase())) {
    return { value: text };
  }
  return malformed(`${field.name} ${quoted(text)} is not the Id of ${field.referenceTo.join(' or ')}.`);
}

function malformed(message: string): Typed {
  return { fault: { code: 'MALFORMED_ID', message } };
}

/** No blank and none of these stands before the @ of an address, unless in quotes: the mark of several in one cell. */
const oneAddress = /^(?:[^\s@,;<>]+|"[^"]+")@[^\s@,;<>]+\.[^\s@,;<>]+$/;

/** No stricter than Salesforce, which wants one local part and one domain with a dot. */
function emailValue(text: string, field: Field): Typed {
  if (oneAddress.test(text)) return { value: text };
  if (text.split('@').length > 2 && !text.includes('"')) {
    const message = `${field.name} takes one e-mail address and got ${quoted(text)}.`;
    return { fault: { code: 'INVALID_EMAIL_ADDRESS', message } };
  }
  const message = `${field.name} ${quoted(text)} is not an e-mail address.`;
  return { fault: { code: 'INVALID_EMAIL_ADDRESS', message } };
}

/** Salesforce takes a defined value in any case; only a restricted picklist refuses what is not defined. */
function picklistValue(given: readonly string[], field: Field): Typed {
  const values = [...new Set(given)];
  if (field.restrictedPicklist && field.picklistValues.length > 0) {
    const known = new Set(field.picklistValues.map((item) => item.toLowerCase()));
    const unknown = values.find((item) => !known.has(item.toLowerCase()));
    if (unknown !== undefined) {
      const more = field.picklistValues.length > listedValues ? ', …' : '';
      const listed = field.picklistValues.slice(0, listedValues).join(', ') + more;
      return {
        fault: {
          code: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
          message: `${field.name} does not know ${quoted(unknown)}; it takes ${listed}.`,
        },
      };
    }
  }
  return { value: values.length === 0 ? null : values.join(';') };
}
