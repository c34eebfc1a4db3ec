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

/** One line of at most 500 characters: Salesforce quotes whole queries, with a caret line below. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 500 ? `${line.slice(0, 499)}…` : line;
}

function jsonItems(value: unknown): ErrorItem[] {
  const list = Array.isArray(value) ? value : [value];
  return list.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const raw = entry as Record<string, unknown>;
    const fields = Array.isArray(raw.fields) ? raw.fields.filter((f) => typeof f === 'string') : [];
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
  const word = typeof code === 'string' ? code : null;
  const sentence = typeof message === 'string' ? oneLine(message) : '';
  if (word === null && sentence === '') return null;
  return { code: word ?? '', message: sentence, fields, raw };
}
