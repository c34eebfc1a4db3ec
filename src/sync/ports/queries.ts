import type { CallOptions, PageOptions } from './call-options.ts';
import type { Field } from './field.ts';
import type { PageBody } from './page.ts';

/** Small answers as objects, values as JSON gives them. Never the hot path. */
export interface QueryAnswer {
  records: Record<string, unknown>[];
  totalSize: number;
  /** The org's time when the request was sent / when its answer had arrived. */
  readAt: number;
  answeredAt: number;
}

/** Queries in SOQL, of whatever object they name. */
export interface Queries {
  /** A query whose whole answer is small; follows nextRecordsUrl to the end. `deleted`: of deleted records too. */
  all(soql: string, options?: CallOptions & { deleted?: boolean }): Promise<QueryAnswer>;
  /** One page, raw. Never follows cursors. `deleted`: of deleted records too. */
  page(
    soql: string,
    fields: readonly string[],
    options?: PageOptions & { pageSize?: number; deleted?: boolean },
  ): Promise<PageBody>;
  /** Bytes that the request of `soql` would take with its URI and headers (Salesforce stops at 16,384). */
  requestBytes(soql: string): number;
  /** What may be asked of an object; null where the org has none of that name, or this user may not see it. */
  fieldsOf(object: string, options?: CallOptions): Promise<Field[] | null>;
}
