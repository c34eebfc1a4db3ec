import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { jsonObject } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { ApiContext } from './api-context.ts';

/** GET `/search?q=FIND …` (Search). */
export function search(request: ApiRequest, _params: PathParams, context: ApiContext): Answer {
  const sosl = request.query.get('q');
  if (sosl === null) throw apiError(400, 'MALFORMED_SEARCH', 'A search string has to be specified');
  return found(sosl, context);
}

/** GET and POST `/parameterizedSearch`: the same without SOSL (Parameterized Search). */
export function parameterizedSearch(request: ApiRequest, _params: PathParams, context: ApiContext): Answer {
  const { text, objects, limit } =
    request.method === 'POST' ? fromBody(jsonObject(request)) : fromQuery(request.query);
  if (!text) throw apiError(400, 'MISSING_ARGUMENT', 'The q parameter is required.');
  const escaped = text.replace(/[?&|!{}[\]()^~*:\\"'+-]/g, '\\$&');
  const returning = objects.length > 0 ? objects : ['Contact(Id)', 'Account(Id)'];
  const sosl = `FIND {${escaped}} IN NAME FIELDS RETURNING ${returning.join(', ')}${limit ? ` LIMIT ${limit}` : ''}`;
  return found(sosl, context);
}

function found(sosl: string, { emulation, actor, apiVersion }: ApiContext): Answer {
  return jsonAnswer(200, { searchRecords: emulation.org.search(actor, sosl, { apiVersion }) });
}

interface SearchTerms {
  text: string;
  objects: string[];
  limit: number | undefined;
}

const isName = (text: string): boolean => /^\w+$/.test(text);

function fromQuery(query: URLSearchParams): SearchTerms {
  const objects = query
    .getAll('sobject')
    .filter(isName)
    .map((name) => {
      const fields = query.get(`${name}.fields`) ?? query.get('fields') ?? 'Id';
      return returned(name, fields, query.get(`${name}.limit`) ?? query.get('defaultLimit'));
    });
  return { text: query.get('q') ?? '', objects, limit: wholeNumber(query.get('overallLimit')) };
}

function fromBody(body: Record<string, unknown>): SearchTerms {
  const shared = Array.isArray(body.fields) ? body.fields.map(String) : [];
  const objects = (Array.isArray(body.sobjects) ? body.sobjects : []).flatMap((item: unknown) => {
    const { name, fields, limit } = (item ?? {}) as { name?: unknown; fields?: unknown; limit?: unknown };
    if (typeof name !== 'string' || !isName(name)) return [];
    const own = Array.isArray(fields) ? fields.map(String) : shared;
    return [returned(name, own.length > 0 ? own.join(', ') : 'Id', limit ?? body.defaultLimit)];
  });
  return { text: typeof body.q === 'string' ? body.q : '', objects, limit: wholeNumber(body.overallLimit) };
}

function returned(name: string, fields: string, limit: unknown): string {
  const rows = wholeNumber(limit);
  return `${name}(${fields}${rows === undefined ? '' : ` LIMIT ${rows}`})`;
}

function wholeNumber(value: unknown): number | undefined {
  const number = Number(value ?? Number.NaN);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}
