import { NumberText } from '../../base/number-text.ts';
import type { Field } from '../ports/field.ts';
import { quoted, type Typed, wrong } from './typed.ts';

/** Types in which a no-break space from a web page is never meant. */
const withoutInnerSpace = new Set(['email', 'reference', 'id', 'phone', 'url', 'picklist', 'multipicklist']);
const listedValues = 20;

/**
 * A text, trimmed as Salesforce trims it: blanks and control characters at both ends, while a no-break space
 * stays. Only what describe says for sure is checked; Salesforce counts a length in its own way, so that a text
 * is too long only where it has too many characters however they are counted.
 * Source: Apex Developer Guide, "Primitive Data Types" (String).
 */
export function textValue(value: unknown, field: Field): Typed {
  if (typeof value === 'object' && !(value instanceof NumberText)) {
    return wrong(`${field.name} takes a plain value, not an object or a list.`);
  }
  const text = withoutInnerSpace.has(field.type) ? String(value).trim() : trimmed(String(value));
  if (text === '') return { value: null };
  if (field.type === 'reference') return referenceValue(text, field);
  const characters = text.length > field.length ? [...text.trim()].length : 0;
  if (field.length > 0 && characters > field.length) {
    const message = `${field.name} takes ${field.length} characters and got ${characters}.`;
    return { fault: { code: 'STRING_TOO_LONG', message } };
  }
  if (field.type === 'email') return emailValue(text, field);
  if (field.type === 'multipicklist') return picklistValue(text.split(';'), field);
  return field.type === 'picklist' ? picklistValue([text], field) : { value: text };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what Salesforce takes off.
const edges = /^[\u0000-\u0020]+|[\u0000-\u0020]+$/g;

function trimmed(text: string): string {
  return text.replace(edges, '');
}

function referenceValue(text: string, field: Field): Typed {
  if (/^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$/.test(text)) return { value: text };
  return {
    fault: { code: 'MALFORMED_ID', message: `${field.name} ${quoted(text)} is not a Salesforce Id.` },
  };
}

/** No stricter than Salesforce, which wants a local part and a domain with a dot. */
function emailValue(text: string, field: Field): Typed {
  if (/^.+@[^\s@]+\.[^\s@]+$/s.test(text)) return { value: text };
  const message = `${field.name} ${quoted(text)} is not an e-mail address.`;
  return { fault: { code: 'INVALID_EMAIL_ADDRESS', message } };
}

/** Salesforce takes a defined value in any case; only a restricted picklist refuses what is not defined. */
function picklistValue(given: readonly string[], field: Field): Typed {
  const values = given.map((item) => item.trim()).filter((item) => item !== '');
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
