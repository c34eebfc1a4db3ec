export interface ContactListOptions {
  org: string | null;
  limit: number;
  /** Tombstones instead of live contacts. */
  deleted: boolean;
  /** An SQL condition over the view `contacts`. */
  where?: string | undefined;
  /** Only these fields. */
  fields?: string[] | undefined;
  sort?: { field: string; descending: boolean } | undefined;
  offset?: number | undefined;
}

export interface ContactSearchOptions {
  org: string | null;
  /** Matched case-insensitively against name, e-mail and phone. */
  text: string;
  limit: number;
}

export interface ContactShowOptions {
  org: string | null;
  /** Id, `_key`, e-mail or the key of the push that made it. */
  id: string;
}

export interface ContactExportOptions {
  org: string | null;
  where?: string | undefined;
  fields?: string[] | undefined;
}

/** A column of the view `contacts`; `type` is Salesforce's, so that booleans can be shown as such. */
export interface ContactColumn {
  name: string;
  type: string;
}

/** Values as the mirror stores them (booleans 0 or 1, times ISO), in the order of `columns`. */
export type ContactRow = readonly unknown[];

/** Dispose it when it was read; it ends with the application in any case. */
export interface ContactPage extends AsyncDisposable {
  instanceUrl: string;
  columns: ContactColumn[];
  /** How many match, `limit` aside. */
  total: number;
  /** Up to which instant the mirror holds all changes. */
  coveredUntil: string | null;
  /** The contacts of the moment that `total` is of, as often as asked, one reading after the other. */
  batches(): AsyncIterable<readonly ContactRow[]>;
}

export interface ContactView {
  instanceUrl: string;
  columns: ContactColumn[];
  row: ContactRow;
  key: string | null;
  state: string;
  error: string | null;
  gone: 'deleted' | 'merged' | 'purged' | 'hidden' | null;
  readAt: string | null;
  coveredUntil: string | null;
}

export interface ContactExport {
  instanceUrl: string;
  columns: ContactColumn[];
  /** Live contacts in batches, from one snapshot, once; ends what it holds when it is done or left. */
  batches: AsyncIterable<readonly ContactRow[]>;
}
