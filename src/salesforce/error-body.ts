/** One fault as Salesforce tells it, whatever the notation. */
export interface ErrorItem {
  code: string;
  message: string;
  fields: string[];
  /** The item as it came, for particulars such as duplicates; null where the notation has none. */
  raw: Record<string, unknown> | null;
}

export interface ErrorBody {
  kind: 'json' | 'xml' | 'form' | 'html' | 'text' | 'empty';
  items: ErrorItem[];
  /** A short body that is none of the notations, on one line. */
  text: string | null;
}

/**
 * Reads the body of an error answer: REST's array `[{errorCode, message, fields}]`, the UI API's object, OAuth's
 * `{error, error_description}` as JSON or form-encoded, `<Errors><Error>`, or a page for people.
 */
export function parseErrorBody(contentType: string | null, body: string): ErrorBody {
  const text = body.trim();
  if (text === '') return { kind: 'empty', items: [], text: null };
  // The type alone does not say: userinfo sends its bare `Bad_OAuth_Token` as text/html.
  const markup = text.startsWith('<');
  if (markup && (/html/i.test(contentType ?? '') || /^<(!doctype\s+html|html)/i.test(text))) {
    return { kind: 'html', items: [], text: null };
  }
  if (text.startsWith('{') || text.startsWith('[')) {
    try {
      return { kind: 'json', items: jsonItems(JSON.parse(text)), text: null };
    } catch {
      return { kind: 'text', items: [], text: oneLine(text) };
    }
  }
  if (markup) return { kind: 'xml', items: xmlItems(text), text: null };
  const form = /^error=/.test(text) ? new URLSearchParams(text) : null;
  if (form !== null) {
    const item = itemOf(form.get('error'), form.get('error_description'), [], null);
    return { kind: 'form', items: item ? [item] : [], text: null };
  }
  return { kind: 'text', items: [], text: oneLine(text) };
}

const longestSentence = 500;
const longestCode = 100;
const mostFields = 50;

/** One line of at most 500 characters: Salesforce quotes whole queries, with a caret line below. */
export function oneLine(text: string): string {
  return shortened(text, longestSentence);
}

/** A code, or a field's name, as it may be told; Salesforce's own are far shorter. */
export function shortCode(text: string): string {
  return shortened(text, longestCode);
}

/** Field names out of whatever an error has in their place. */
export function fieldNames(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter((name) => typeof name === 'string')
    .slice(0, mostFields)
    .map(shortCode);
}

function shortened(text: string, most: number): string {
  // Cut before it is searched: a run of blanks may be as long as the body.
  const line = text
    .slice(0, 4 * most)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > most || text.length > 4 * most ? `${line.slice(0, most - 1)}…` : line;
}

function jsonItems(value: unknown): ErrorItem[] {
  const list = Array.isArray(value) ? value : [value];
  return list.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const raw = entry as Record<string, unknown>;
    const fields = fieldNames(raw.fields);
    const code = raw.errorCode ?? raw.error ?? raw.exceptionCode ?? raw.statusCode ?? raw.enhancedErrorType;
    const item = itemOf(code, raw.message ?? raw.error_description ?? raw.exceptionMessage, fields, raw);
    return item ? [item] : [];
  });
}

function xmlItems(text: string): ErrorItem[] {
  const code = /<(?:errorCode|exceptionCode)>([^<]*)</.exec(text)?.[1];
  const message = /<(?:message|exceptionMessage)>([^<]*)</.exec(text)?.[1];
  const item = itemOf(code, message, [], null);
  return item ? [item] : [];
}

function itemOf(
  code: unknown,
  message: unknown,
  fields: string[],
  raw: Record<string, unknown> | null,
): ErrorItem | null {
  const word = typeof code === 'string' ? shortCode(code) : null;
  const sentence = typeof message === 'string' ? oneLine(message) : '';
  if (word === null && sentence === '') return null;
  return { code: word ?? '', message: sentence, fields, raw };
}
