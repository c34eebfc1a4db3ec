import type { Gone } from './page.ts';

/** A column of what is read; `type` is Salesforce's, `string` for the mirror's own columns. */
export interface ReaderColumn {
  name: string;
  type: string;
}

/** Values as the mirror stores them, in the order of the columns. */
export type ReaderRow = readonly unknown[];

/** What ends a reading before its last row, with an AbortError. */
export interface ReadingOptions {
  signal?: AbortSignal | undefined;
}

export interface ReaderListing {
  columns: ReaderColumn[];
  /** How many match, `limit` aside. */
  total: number;
  /** The rows of the moment that `total` is of, read anew each time. Nothing else can be asked meanwhile. */
  batches(options?: ReadingOptions): AsyncIterable<readonly ReaderRow[]>;
}

export interface ReaderContact {
  columns: ReaderColumn[];
  row: ReaderRow;
  key: string | null;
  /** `synced`, or what has become of an edit that a program has made. */
  state: string;
  error: string | null;
  gone: Gone | null;
  readAt: string | null;
}

/** What tells a person from others. */
export interface Person {
  name: string | null;
  email: string | null;
}

/** Which contacts are read, and what of them. AppError `INVALID_INPUT` where it cannot be read. */
export interface ContactSelection {
  /**
   * An SQL condition over what is listed: fields and the mirror's own columns. A store that knows no SQL refuses any.
   */
  where?: string | undefined;
  /** Names of fields or of the mirror's own columns, in any case; all fields where it is left out. */
  fields?: readonly string[] | undefined;
  /** Contacts without a value come last either way, and equal ones in the order of their Ids. */
  sort?: { field: string; descending: boolean } | undefined;
  offset?: number | undefined;
}

/**
 * Reads contacts of one mirror while others write to it. Its fields are those of the moment at which it was opened, and
 * one thing is asked of it at a time: a store may have one connection for it.
 */
export interface ContactReader extends AsyncDisposable {
  /** The smaller cursor, ms since 1970; null before the first backfill ended. */
  coveredUntil(): Promise<number | null>;
  /** Live contacts in the order of their Ids, or with `deleted` the tombstones. */
  list(options: { limit: number; deleted: boolean } & ContactSelection): Promise<ReaderListing>;
  /** Live contacts whose name, e-mail or phone numbers contain `text`, whatever its case. */
  search(text: string, options: { limit: number }): Promise<ReaderListing>;
  /** Whether searches have so much to read that `StoredMirror.extendSearchIndex` is worth its time. */
  wantsSearchIndex(): Promise<boolean>;
  /** The columns of a selection. */
  chosen(selection: Pick<ContactSelection, 'where' | 'fields'>): Promise<ReaderColumn[]>;
  /** Ids of the live contacts that have this e-mail, whatever its case. */
  idsByEmail(email: string): Promise<string[]>;
  /** By Id (15 or 18 characters), by `_key`, or by the key of the push that made or met it; tombstones too. Null where there is none. */
  show(id: string): Promise<ReaderContact | null>;
  /**
   * All live contacts of a selection, from one snapshot, however much is written meanwhile. Nothing else can be asked
   * until it has ended or was left.
   */
  batches(
    selection?: Pick<ContactSelection, 'where' | 'fields'>,
    options?: ReadingOptions,
  ): AsyncIterable<readonly ReaderRow[]>;
  /** Who these contacts are, by Id, the ones that Salesforce no longer has too; unknown Ids are left out. */
  people(ids: readonly string[]): Promise<Map<string, Person>>;
}
