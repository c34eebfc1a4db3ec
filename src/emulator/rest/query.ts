import type { QueryResult } from '../engine/query-result.ts';
import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { ApiContext } from './api-context.ts';
import type { QueryCursor } from './query-cursors.ts';
import { queryBatchSize } from './request-headers.ts';

/** GET `/query?q=` and `?explain=` (Query, Query Performance Feedback); `?columns=true` asks for the columns. */
export const query = (request: ApiRequest, _params: PathParams, context: ApiContext): Answer =>
  run(request, context, false);

/** GET `/queryAll?q=`: with deleted and merged rows. */
export const queryAll = (request: ApiRequest, _params: PathParams, context: ApiContext): Answer =>
  run(request, context, true);

function run(request: ApiRequest, context: ApiContext, all: boolean): Answer {
  const { emulation, actor } = context;
  const explain = request.query.get('explain');
  if (explain !== null) return jsonAnswer(200, emulation.org.explain(actor, explain));
  const soql = request.query.get('q');
  if (soql === null) throw apiError(400, 'MALFORMED_QUERY', 'A query string has to be specified');
  if (request.query.get('columns') === 'true') return jsonAnswer(200, emulation.org.columns(actor, soql));
  return queryAnswer(request, context, soql, all);
}

/** The first page of a query's answer. */
export function queryAnswer(request: ApiRequest, context: ApiContext, soql: string, all: boolean): Answer {
  const { emulation, actor, apiVersion } = context;
  const result = emulation.org.query(actor, soql, { all, apiVersion });
  if (result.kind === 'count')
    return jsonAnswer(200, { totalSize: result.totalSize, done: true, records: [] });
  if (result.kind === 'aggregate')
    return pageAnswer(result, 0, Math.max(1, result.totalSize), undefined, context);
  const pageRows = Math.min(queryBatchSize(request), emulation.settings.maxPageRows);
  const needsCursor = result.totalSize > pageRows;
  const cursor = needsCursor ? emulation.cursors.open(actor.userId, result, pageRows) : undefined;
  return pageAnswer(result, 0, pageRows, cursor, context);
}

/** GET `/query/01g…-2000` (Query More Results); queryAll's continuations are answered at both paths. */
export function queryMore(request: ApiRequest, { locator = '' }: PathParams, context: ApiContext): Answer {
  const { emulation, actor } = context;
  const { cursor, offset } = emulation.cursors.find(actor.userId, locator);
  const asked = request.headers['sforce-query-options'] ? queryBatchSize(request) : cursor.pageRows;
  const pageRows = Math.min(asked, emulation.settings.maxPageRows);
  return pageAnswer(cursor.result, offset, pageRows, cursor, context);
}

function pageAnswer(
  result: QueryResult,
  offset: number,
  pageRows: number,
  cursor: QueryCursor | undefined,
  { base, emulation }: ApiContext,
): Answer {
  const next = offset + pageRows;
  const done = next >= result.totalSize;
  if (done && cursor) emulation.cursors.finish(cursor);
  const { json } = result.page(offset, pageRows);
  const more = done || !cursor ? '' : `,"nextRecordsUrl":"${base}/query/${cursor.id}-${next}"`;
  const head = `{"totalSize":${result.totalSize},"done":${done}${more},"records":[`;
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json;charset=UTF-8' },
    body: Buffer.concat([Buffer.from(head, 'utf8'), json, closing]),
  };
}

const closing = Buffer.from(']}', 'utf8');
