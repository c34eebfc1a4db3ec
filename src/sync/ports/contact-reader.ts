import type { Gone } from './page.ts';

/** A column of what is read; `type` is Salesforce's, `string` for the mirror's own columns. */
export interface ReaderColumn {
  name: string;
  type: string;
}

/** Values as the mirror stores them, in the order of the columns. */
export type ReaderRow = readonly unknown[];

export interface ReaderListing {
  columns: ReaderColumn[];
  /** How many match, `limit` aside. */
  total: number;
  /** The rows of the moment that `total` is of, read anew each time. Nothing else can be asked meanwhile. */
  batches(): Iterable<ReaderRow[]>;
}

export interface ReaderContact {
  columns: ReaderColumn[];
  row: ReaderRow;
  key: string | null;
  gone: Gone | null;
  readAt: string | null;
}

/** What tells a person from others. */
export interface Person {
  name: string | null;
  email: string | null;
}

/** Which contacts are read, and what of them. Throws AppError `INVALID_INPUT` where it cannot be read. */
export interface ContactSelection {
  /** An SQL condition over the view `contacts`. */
  where?: string | undefined;
  /** Names of fields, in any case; all where it is left out. */
  fields?: readonly string[] | undefined;
  sort?: { field: string; descending: boolean } | undefined;
  offset?: number | undefined;
}

/** Reads contacts of one mirror while others write to it. */
export interface ContactReader extends Disposable {
  /** The smaller cursor, ms since 1970; null before the first backfill ended. */
  coveredUntil(): number | null;
  /** Live contacts in the order of their Ids, or with `deleted` the tombstones. */
  list(options: { limit: number; deleted: boolean } & ContactSelection): ReaderListing;
  /** Live contacts whose name, e-mail or phone numbers contain `text`, whatever its case. */
  search(text: string, options: { limit: number }): ReaderListing;
  /** Whether searches have so much to read that `StoredMirror.extendSearchIndex` is worth its time. */
  readonly wantsSearchIndex: boolean;
  /** The columns of a selection. */
  chosen(selection: Pick<ContactSelection, 'where' | 'fields'>): ReaderColumn[];
  /** Ids of the live contacts that have this e-mail, whatever its case. */
  idsByEmail(email: string): string[];
  /** By Id (15 or 18 characters) or by `_key`; tombstones too. Null where there is none. */
  show(id: string): ReaderContact | null;
  /** All live contacts of a selection, from one snapshot. */
  batches(selection?: Pick<ContactSelection, 'where' | 'fields'>): Iterable<ReaderRow[]>;
  /** Who these contacts are, by Id. */
  people(ids: readonly string[]): Map<string, Person>;
}
