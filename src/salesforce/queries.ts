import { fullId } from '../org/record-id.ts';
import type { PageOptions } from '../sync/ports/call-options.ts';
import type { PageBody } from '../sync/ports/page.ts';
import type { QueryAnswer } from '../sync/ports/queries.ts';
import { answerBounds, streamBytes } from './answer-bounds.ts';
import { isCount, isObject } from './answer-values.ts';
import type { ApiRequest } from './api-call.ts';
import type { ApiClient } from './api-client.ts';
import type { OrgClock } from './org-clock.ts';
import { encodeSoql } from './org-url.ts';
import { parseObject, unexpectedAnswer } from './unexpected-answer.ts';

/** Source: REST API Developer Guide, "Query Options Header". */
const mostPageRows = 2_000;
/** A query that is read whole into memory has small answers; past that something is wrong with it or the org. */
const mostRecords = 200_000;

export interface QueryContext {
  client: ApiClient;
  orgClock: OrgClock;
  /** `/services/data/v62.0` */
  root: string;
  /** The path of a URL that an answer named, on the org's own origin. */
  ownPath(url: string): string;
}

/**
 * A small query to its end. Not through jsforce, whose query stops at `maxFetch` records without a word and
 * continues a queryAll as a query.
 */
export async function queryAllPages(
  context: QueryContext,
  soql: string,
  { deleted, signal }: { deleted?: boolean; signal?: AbortSignal },
): Promise<QueryAnswer> {
  const { client, orgClock } = context;
  const records: Record<string, unknown>[] = [];
  let readAt: number | null = null;
  let path = queryPath(context.root, soql, deleted === true);
  for (const seen = new Set<string>(); ; ) {
    seen.add(path);
    const answer = await client.read({
      kind: 'pull',
      method: 'GET',
      path,
      bounds: answerBounds.query,
      signal,
    });
    const body = parseObject(answer.text, 'query', answer);
    if (!Array.isArray(body.records) || !isCount(body.totalSize)) throw unexpectedAnswer('query', answer);
    readAt ??= answer.readAt;
    for (const record of body.records as unknown[]) {
      if (!isObject(record)) throw unexpectedAnswer('query', answer);
      records.push(record);
    }
    if (body.done === true) {
      // Whoever misses in a short answer would pass for purged.
      if (records.length !== body.totalSize) throw unexpectedAnswer('query', answer);
      return { records, totalSize: body.totalSize, readAt, answeredAt: orgClock.now() };
    }
    // Ever new links to pages that bring nothing would never end.
    const inBounds =
      records.length <= Math.min(body.totalSize, mostRecords) && seen.size <= records.length + 2;
    if (!inBounds) throw unexpectedAnswer('query', answer);
    path = typeof body.nextRecordsUrl === 'string' ? context.ownPath(body.nextRecordsUrl) : '';
    if (path === '' || seen.has(path)) throw unexpectedAnswer('query', answer);
  }
}

/** One query page as it comes. Source: REST API Developer Guide, "Query" and "Query Options Header". */
export async function queryPage(
  { client, root }: QueryContext,
  soql: string,
  fields: readonly string[],
  { pageSize, deleted = false, whenCrowded, signal }: PageOptions & { pageSize?: number; deleted?: boolean },
): Promise<PageBody> {
  const request: ApiRequest = {
    kind: 'pull',
    method: 'GET',
    path: queryPath(root, soql, deleted),
    headers: pageSize === undefined ? {} : { 'sforce-query-options': `batchSize=${pageSize}` },
    whenCrowded,
    signal,
  };
  const answer = await client.open(request);
  return {
    format: 'query',
    fields,
    readAt: answer.readAt,
    expectedRows: null,
    mostRows: Math.min(pageSize ?? mostPageRows, mostPageRows),
    blocks: answer.blocks(streamBytes.query),
  };
}

/** sObject Collections retrieve as it comes: an array in the order of `ids`, null for each that is not there. */
export async function retrieveRecords(
  { client, root }: QueryContext,
  object: string,
  ids: readonly string[],
  fields: readonly string[],
  signal: AbortSignal | undefined,
): Promise<PageBody> {
  const request: ApiRequest = {
    kind: 'pull',
    method: 'POST',
    path: `${root}/composite/sobjects/${object}`,
    body: JSON.stringify({ ids, fields }),
    signal,
  };
  const answer = await client.open(request);
  return {
    format: 'collection',
    fields,
    readAt: answer.readAt,
    expectedRows: ids.length,
    ids: ids.map(fullId),
    blocks: answer.blocks(streamBytes.query),
  };
}

/** `SELECT COUNT() FROM {object}`: the number is `totalSize`, there are no records. */
export async function countRecords(
  { client, root }: QueryContext,
  object: string,
  where: string | null,
  signal: AbortSignal | undefined,
): Promise<number> {
  const soql = `SELECT COUNT() FROM ${object}${where === null ? '' : ` WHERE ${where}`}`;
  const answer = await client.read({
    kind: 'pull',
    method: 'GET',
    path: queryPath(root, soql, false),
    signal,
  });
  const { totalSize } = parseObject(answer.text, 'count', answer);
  if (!isCount(totalSize)) throw unexpectedAnswer('count', answer);
  return totalSize;
}

export function queryPath(root: string, soql: string, all: boolean): string {
  return `${root}/${all ? 'queryAll' : 'query'}?q=${encodeSoql(soql)}`;
}
