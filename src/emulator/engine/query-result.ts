import type { JsonObject } from '../schema/json.ts';

/** A page of a query's rows. */
export interface QueryPage {
  /** Rows in `json`; fewer than asked at the end, or where rows were purged since the query began. */
  readonly rows: number;
  /** The records as UTF-8 JSON text, separated by commas, without the brackets around them. */
  readonly json: Buffer;
}

/**
 * A finished query: the ids that matched, in order, taken once; pages are read when asked for. It holds 4 bytes a
 * row and no file, so dropping the reference is all the closing it needs. Rows show the values of when their page
 * is read, as queryMore does.
 */
export interface QueryResult {
  readonly totalSize: number;
  /** `count` is `SELECT COUNT()`: totalSize says it all and there are no rows. Aggregates have all rows in one page. */
  readonly kind: 'rows' | 'count' | 'aggregate';
  /** The name of the object after FROM, as described. */
  readonly object: string;
  page(offset: number, size: number): QueryPage;
  /** The same as parsed objects, for callers that need values rather than bytes. */
  records(offset: number, size: number): JsonObject[];
}

export interface QueryOptions {
  /** queryAll: with deleted rows. */
  readonly all?: boolean;
  /** `62.0`; goes into the `attributes.url` of every record. */
  readonly apiVersion: string;
}
