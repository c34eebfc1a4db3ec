import type { CallOptions, PageOptions } from './call-options.ts';
import type { PageBody } from './page.ts';

export type BulkState = 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Failed' | 'Aborted';

export interface BulkJob {
  id: string;
  state: BulkState;
  apiVersion: string;
  numberRecordsProcessed: number;
  errorMessage: string | null;
}

export interface BulkPage {
  body: PageBody;
  /** Locator of the next page; null on the last one. */
  nextLocator: string | null;
}

/** `GET /jobs/query/{id}/resultPages`: up to five URLs a call, in order. */
export interface BulkResultPages {
  resultUrls: string[];
  nextRecordsUrl: string | null;
  done: boolean;
}

/** Bulk API 2.0 query jobs. */
export interface BulkQueries {
  create(soql: string, operation: 'query' | 'queryAll', options?: CallOptions): Promise<BulkJob>;
  info(jobId: string, options?: CallOptions): Promise<BulkJob>;
  /** One result page by locator (null: the first). */
  results(
    jobId: string,
    fields: readonly string[],
    options?: PageOptions & { locator?: string | null },
  ): Promise<BulkPage>;
  /** One page of `resultPages`; `nextUrl` continues a list. Throws where the org's API is older than 58. */
  resultPages(jobId: string, options?: CallOptions & { nextUrl?: string }): Promise<BulkResultPages>;
  /** The rows behind one URL that `resultPages` named. */
  resultPage(url: string, fields: readonly string[], options?: PageOptions): Promise<BulkPage>;
  delete(jobId: string, options?: CallOptions): Promise<void>;
}
