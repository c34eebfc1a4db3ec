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
  const records = context.emulation.org.search(context.actor, sosl, { apiVersion: context.apiVersion });
  return jsonAnswer(200, context.versionNumber < namedSince ? records : { searchRecords: records });
}

/** Before this version the records alone are the answer (Search for a String, of versions 36 and 37). */
const namedSince = 37;

/** GET and POST `/parameterizedSearch`: the same without SOSL (Parameterized Search). */
export function parameterizedSearch(request: ApiRequest, _params: PathParams, context: ApiContext): Answer {
  const { text, scope, objects, limit } =
    request.method === 'POST' ? fromBody(jsonObject(request)) : fromQuery(request.query);
  if (!text) throw apiError(400, 'MISSING_ARGUMENT', 'The q parameter is required.');
  const escaped = text.replace(/[?&|!{}[\]()^~*:\\"'+-]/g, '\\$&');
  const returning = objects.length > 0 ? objects : ['Contact(Id)', 'Account(Id)'];
  const sosl = `FIND {${escaped}} IN ${scopeOf(scope)} FIELDS RETURNING ${returning.join(', ')}${limit ? ` LIMIT ${limit}` : ''}`;
  const { emulation, actor, apiVersion } = context;
  return jsonAnswer(200, { searchRecords: emulation.org.search(actor, sosl, { apiVersion }) });
}

/** "replacing FIND searchString IN ALL FIELDS by just including the search string" (Search with Parameters). */
function scopeOf(scope: unknown): string {
  const name = String(scope ?? 'ALL').toUpperCase();
  if (/^(ALL|NAME|EMAIL|PHONE)$/.test(name)) return name;
  if (name === 'SIDEBAR') {
    throw apiError(400, 'MALFORMED_SEARCH', 'IN SIDEBAR FIELDS is not supported by this emulator');
  }
  throw apiError(400, 'MALFORMED_SEARCH', `The in parameter must be ALL, NAME, EMAIL or PHONE: ${name}`);
}

interface SearchTerms {
  text: string;
  /** `in`, as given. */
  scope: unknown;
  objects: string[];
  limit: number | undefined;
}

function checkedName(name: unknown): string {
  if (typeof name === 'string' && /^\w+$/.test(name)) return name;
  throw apiError(400, 'INVALID_TYPE', `sObject type '${String(name)}' is not supported.`);
}

function fromQuery(query: URLSearchParams): SearchTerms {
  const objects = query
    .getAll('sobject')
    .map(checkedName)
    .map((name) =>
      returned(name, {
        fields: query.get(`${name}.fields`) ?? query.get('fields') ?? 'Id',
        where: query.get(`${name}.where`),
        orderBy: query.get(`${name}.orderBy`),
        limit: query.get(`${name}.limit`) ?? query.get('defaultLimit'),
      }),
    );
  const limit = wholeNumber(query.get('overallLimit'));
  return { text: query.get('q') ?? '', scope: query.get('in'), objects, limit };
}

function fromBody(body: Record<string, unknown>): SearchTerms {
  const shared = Array.isArray(body.fields) ? body.fields.map(String) : [];
  const objects = (Array.isArray(body.sobjects) ? body.sobjects : []).map((item: unknown) => {
    const { name, fields, limit, ...clauses } = (item ?? {}) as Record<string, unknown>;
    const own = Array.isArray(fields) ? fields.map(String) : shared;
    return returned(checkedName(name), {
      ...clauses,
      fields: own.length > 0 ? own.join(', ') : 'Id',
      limit: limit ?? body.defaultLimit,
    });
  });
  const text = typeof body.q === 'string' ? body.q : '';
  return { text, scope: body.in, objects, limit: wholeNumber(body.overallLimit) };
}

interface ReturnedClauses {
  fields: string;
  where?: unknown;
  orderBy?: unknown;
  limit: unknown;
}

function returned(name: string, { fields, where, orderBy, limit }: ReturnedClauses): string {
  const clause = (keyword: string, text: unknown) =>
    typeof text === 'string' && text.trim() !== '' ? ` ${keyword} ${text}` : '';
  const rows = wholeNumber(limit);
  const most = rows === undefined ? '' : ` LIMIT ${rows}`;
  return `${name}(${fields}${clause('WHERE', where)}${clause('ORDER BY', orderBy)}${most})`;
}

function wholeNumber(value: unknown): number | undefined {
  const number = Number(value ?? Number.NaN);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}
