import type { Actor, OrgUser } from '../engine/actor.ts';
import type { OrgClock } from '../engine/org-clock.ts';
import type { OrgSettings, OrgSettingsChange } from '../engine/org-settings.ts';
import type { QueryOptions, QueryResult } from '../engine/query-result.ts';
import type { RecordInput, SaveResult, WriteOptions } from '../engine/save-result.ts';
import type { DescribeDocument } from '../schema/describe-document.ts';
import type { JsonObject } from '../schema/json.ts';

/** The last change of describe (schema, field-level security) and the document itself. */
export interface Described<T> {
  readonly document: T;
  /** Whole seconds, for Last-Modified and If-Modified-Since. */
  readonly lastModifiedMs: number;
}

export interface BulkFormat {
  readonly columnDelimiter: 'BACKQUOTE' | 'CARET' | 'COMMA' | 'PIPE' | 'SEMICOLON' | 'TAB';
  readonly lineEnding: 'LF' | 'CRLF';
}

/** The rendered rows of a bulk query, kept in a file of their own: the same bytes however often they are read. */
export interface BulkRows {
  readonly rows: number;
  /** The header line, line ending included. */
  readonly header: Buffer;
  /** Blocks of at most about 1 MB of CSV, without the header, for the rows from `offset` on. */
  read(offset: number, count: number): AsyncIterable<Buffer>;
  /** Lets go of the file. Safe to call twice, and while a read is under way (the read ends well). */
  release(): void;
}

export interface UpdatedAnswer {
  readonly ids: readonly string[];
  /** As REST writes it: `2026-01-31T12:00:00.000+0000`. */
  readonly latestDateCovered: string;
}

export interface DeletedAnswer {
  readonly deletedRecords: readonly { readonly id: string; readonly deletedDate: string }[];
  readonly earliestDateAvailable: string;
  readonly latestDateCovered: string;
}

export interface OrgCounts {
  readonly live: number;
  readonly deleted: number;
  readonly purged: number;
  /** Open transactions, commit lag's pending writes not counted. */
  readonly openTransactions: number;
}

/** Touch and delete take the ids given, or the next `count` live contacts in an order of the org's own. */
export type Targets = { readonly ids: readonly string[] } | { readonly count: number };

export interface OpenTransactionRequest {
  readonly create?: { readonly count: number; readonly seed?: number };
  readonly touch?: Targets & { readonly set?: JsonObject };
  readonly delete?: Targets;
  readonly undelete?: { readonly ids: readonly string[] };
}

/**
 * What the control surface does, as the org's second user. Every list of ids is 18 characters each, in order of
 * work. Ids that do not fit (unknown, already deleted, …) throw an OrgFault and nothing is done.
 */
export interface OrgControl {
  /** Of Contact. */
  counts(): OrgCounts;
  /** Rows per object, live and deleted. */
  rowCounts(): Record<string, { live: number; deleted: number }>;
  createContacts(request: { count: number; seed?: number }): string[];
  /** These contacts, as the second user or the one that is named; duplicate rules are passed where they let themselves. */
  create(request: { records: readonly JsonObject[]; userId?: string }): string[];
  /** Without `set` the Title changes. */
  touch(targets: Targets & { readonly set?: JsonObject }): string[];
  delete(targets: Targets): string[];
  undelete(ids: readonly string[]): string[];
  /** Hard delete, of live rows and of those in the Recycle Bin. */
  purge(ids: readonly string[]): string[];
  merge(request: { master: string; losers: readonly string[] }): { id: string; mergedRecordIds: string[] };
  /** Rows are stamped now and seen by nobody before `commit`; they stay locked until then. */
  openTransaction(request: OpenTransactionRequest): { ids: string[] };
  /** Commits every open transaction. */
  commit(): { ids: string[] };
  /** Hides rows from a user by sharing (the default user if none is named), or shows them. Touches no stamp. */
  setVisibility(request: { ids: readonly string[]; hidden: boolean; userId?: string }): { ids: string[] };
  /** Forgets delete log entries older than this: `earliestDateAvailable` moves up. */
  purgeDeleteLog(beforeMs: number): void;
  settings(): OrgSettings;
  change(change: OrgSettingsChange): OrgSettings;
  /** Contacts as NDJSON (blocks of whole lines), all fields, no sharing and no field-level security. */
  contactsNdjson(options: { deleted: boolean }): Iterable<Buffer>;
  /** Back to the start: rows, schema, settings, clock. */
  reset(): Promise<void>;
}

/** Answers that are given again to whoever repeats a request with its key: by user and key, for 30 days. */
export interface KeptAnswers {
  find(userId: string, key: string): KeptAnswer | undefined;
  /** To be called in the transaction of what the answer speaks of. */
  keep(userId: string, key: string, kept: KeptAnswer): void;
}

export interface KeptAnswer {
  /** What was asked. */
  readonly fingerprint: string;
  /** As the caller wrote it down. */
  readonly answer: string;
}

/**
 * A local Salesforce org, everything below HTTP. Methods that take an Actor answer as that user sees the org
 * (sharing, field-level security) and throw `OrgFault` in Salesforce's words. Object and field names are accepted
 * in any case, ids with 15 or 18 characters; answers have the described case and 18. All calls are synchronous and
 * short (a page, a batch), but the ones that return a promise.
 */
export interface Org {
  /** 18 characters, `00D…`. */
  readonly id: string;
  readonly name: string;
  /** What it was made from; a state file keeps its own, whatever a later start asks for. */
  readonly seed: number;
  readonly users: readonly OrgUser[];
  readonly clock: OrgClock;
  readonly control: OrgControl;
  readonly answers: KeptAnswers;
  /** Grows with every committed change of rows, schema or visibility. */
  dataVersion(): number;

  /** As that user sees it; INVALID_TYPE/NOT_FOUND (404) for an unknown object. */
  describe(actor: Actor, object: string): Described<DescribeDocument>;
  /** Documents without fields, child relationships and the like, as describeGlobal lists them. */
  describeGlobal(actor: Actor): Described<readonly Record<string, unknown>[]>;
  /** The object's name as described for a key prefix or an id; undefined if there is none. */
  objectOfId(id: string): string | undefined;

  query(actor: Actor, soql: string, options: QueryOptions): QueryResult;
  /** `?explain=`: the plans; `?columns=true`: the column metadata. Both parse and check the query. */
  explain(actor: Actor, soql: string): JsonObject;
  columns(actor: Actor, soql: string): JsonObject;
  /** `FIND {text} IN NAME FIELDS RETURNING Contact(Id, Name)`; the records of `searchRecords`. */
  search(actor: Actor, sosl: string, options: { apiVersion: string }): JsonObject[];
  /** The rows of an object that this user created or changed last. */
  recent(actor: Actor, options: { apiVersion: string; limit: number }): JsonObject[];

  /** Checks what Bulk API 2.0 refuses when a job is created; answers the object after FROM. */
  checkBulkQuery(actor: Actor, soql: string): { object: string };
  /**
   * Runs and renders a bulk query, in slices that let the event loop breathe. The same query over unchanged data
   * is not rendered twice.
   */
  bulkQuery(
    actor: Actor,
    soql: string,
    options: BulkFormat & { readonly all: boolean; readonly signal?: AbortSignal },
  ): Promise<BulkRows>;

  /** One row with the fields named, or all; NOT_FOUND 404, ENTITY_IS_DELETED 404, INVALID_FIELD. */
  retrieve(
    actor: Actor,
    object: string,
    id: string,
    options: { apiVersion: string; fields?: readonly string[] },
  ): JsonObject;
  /** One row by an external id or idLookup field; NOT_FOUND; `ids` where several match (REST answers 300). */
  retrieveBy(
    actor: Actor,
    object: string,
    field: string,
    value: string,
    options: { apiVersion: string; fields?: readonly string[] },
  ): { record: JsonObject } | { ids: string[] };
  /** The ids of the live rows with a value in a lookup field as a writer sees them: late commits too. */
  idsBy(actor: Actor, object: string, field: string, value: string): readonly string[];
  /**
   * sObject Collections retrieve: as parts of the array's JSON text, null for rows that are missing or
   * not visible, in the order of the ids. INVALID_FIELD for the whole call; a malformed id gives null.
   */
  retrieveMany(
    actor: Actor,
    object: string,
    ids: readonly string[],
    fields: readonly string[],
    options: { apiVersion: string },
  ): readonly string[];
  /**
   * LastModifiedDate in whole seconds, for conditional requests; undefined if the row is not there or not visible.
   * For a write, commits that are still to come count.
   */
  modifiedAtMs(actor: Actor, object: string, id: string, options?: { forWrite: boolean }): number | undefined;

  create(actor: Actor, records: readonly RecordInput[], options?: WriteOptions): SaveResult[];
  /** The row is `fields.Id`. */
  update(actor: Actor, records: readonly RecordInput[], options?: WriteOptions): SaveResult[];
  /** `field` may be `Id`, an external id or an idLookup field; an unknown one throws NOT_FOUND as documented. */
  upsert(actor: Actor, field: string, records: readonly RecordInput[], options?: WriteOptions): SaveResult[];
  /** Ids of any objects mixed; `object` given: an id of another object is refused. */
  delete(
    actor: Actor,
    ids: readonly string[],
    options?: WriteOptions & { readonly object?: string },
  ): SaveResult[];
  undelete(actor: Actor, ids: readonly string[], options?: WriteOptions): SaveResult[];
  merge(actor: Actor, request: { master: string; losers: readonly string[] }): SaveResult;

  /**
   * Everything written by `work` is one unit: undone when `work` throws, whose error is passed on. May be nested.
   * `work` must be synchronous.
   */
  transaction<T>(work: () => T): T;

  /** Reads of single rows within `work`, a request, show what it wrote itself, even where that commits late. */
  asOneRequest<T>(work: () => T): T;

  /** `start` and `end` as the caller's text: INVALID_REPLICATION_DATE and the like come from here. */
  getUpdated(actor: Actor, object: string, start: string, end: string): UpdatedAnswer;
  getDeleted(actor: Actor, object: string, start: string, end: string): DeletedAnswer;

  /** Closes the storage; a temporary one is removed. Safe to call twice. */
  close(): void;
}

export interface OpenOrgOptions {
  /** Contacts at the start. Default 1,000. */
  readonly contacts?: number;
  /** The same seed gives the same contacts, byte for byte. Default 1. */
  readonly seed?: number;
  /** Of a new org, 18 characters; a state file keeps its own. Default: follows from the seed. */
  readonly orgId?: string;
  /** Custom fields of Contact; the first is `ParaHack_Id__c`, an external id. Default 3. */
  readonly customFields?: number;
  /** Opened if it exists (then contacts, seed and customFields are those it was made with), else made. */
  readonly stateFile?: string;
  /** Describe documents of further objects, or of built-in ones to replace (Salesforce's JSON; missing keys get defaults). */
  readonly objects?: readonly unknown[];
  /** The wall clock, epoch milliseconds. Default `Date.now`. */
  readonly wallClock?: () => number;
  /** Where temporary files go. Default the system's folder. */
  readonly tempFolder?: string;
  readonly signal?: AbortSignal;
}
