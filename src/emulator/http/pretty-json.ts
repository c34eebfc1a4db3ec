import type { Answer } from './answer.ts';
import type { ApiRequest } from './request.ts';

/** Strings, what opens, closes and separates, and all the rest (numbers, true, null) as it stands. */
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

/**
 * An answer indented where its request has `X-PrettyPrint: 1`, the header of the guide's own examples (REST API,
 * Using cURL in the REST Examples). Streams, which are no JSON, stay as they are.
 */
export function prettyAnswer(request: ApiRequest, answer: Answer): Answer {
  const { body, headers } = answer;
  if (request.headers['x-prettyprint']?.trim() !== '1' || body === undefined) return answer;
  if (!/json/i.test(headers?.['Content-Type'] ?? '')) return answer;
  if (typeof body === 'string') return { ...answer, body: prettyJson(body) };
  if (!(body instanceof Uint8Array)) return answer;
  return { ...answer, body: prettyJson(Buffer.from(body).toString('utf8')) };
}

/**
 * JSON text with two blanks a level, arrays of one line with their objects, blanks around colons: as Salesforce
 * writes it. It is never parsed: numbers keep their digits (`62.0`), names their order.
 */
function prettyJson(text: string): string {
  const written: string[] = [];
  // The objects that are open: arrays indent nothing.
  let level = 0;
  let before = '';
  const line = () => `\n${'  '.repeat(level)}`;
  const open: string[] = [];
  for (const [part] of text.matchAll(token)) {
    const empty = before === '{' || before === '[';
    if (part === '}') {
      level--;
      written.push(empty ? ' }' : `${line()}}`);
      open.pop();
    } else if (part === ']') {
      written.push(' ]');
      open.pop();
    } else if (part === ',') {
      written.push(',');
    } else if (part === ':') {
      written.push(' : ');
    } else {
      if (before !== '' && before !== ':') written.push(open.at(-1) === '{' ? line() : ' ');
      written.push(part);
      if (part === '{') level++;
      if (part === '{' || part === '[') open.push(part);
    }
    before = part;
  }
  return written.join('');
}
