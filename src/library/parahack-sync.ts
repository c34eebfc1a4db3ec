import type { ArchivesPruneResult, ArchivesResult } from '../contract/archives.ts';
import type { BackfillOptions, BackfillResult } from '../contract/backfill.ts';
import type {
  ContactColumn,
  ContactExportOptions,
  ContactListOptions,
  ContactView,
} from '../contract/contacts.ts';
import type { DoctorResult } from '../contract/doctor.ts';
import type { LimitsResult } from '../contract/limits.ts';
import type {
  AccessTokenLogin,
  BrowserLogin,
  ClientCredentialsLogin,
  JwtLogin,
  LoginEvent,
  LoginResult,
  LogoutOptions,
  LogoutResult,
} from '../contract/login.ts';
import type { OrgSet, OrgSettingsOptions, OrgsResult, OrgView } from '../contract/orgs.ts';
import type {
  OutboxDropOptions,
  OutboxDropResult,
  OutboxEntryView,
  OutboxListOptions,
  OutboxMoveOptions,
  OutboxMoveResult,
  OutboxSettleOptions,
  OutboxSettleResult,
  OutboxShowResult,
} from '../contract/outbox.ts';
import type { ProgressEvent } from '../contract/progress.ts';
import type { PushOptions, PushResult } from '../contract/push.ts';
import type { ReconcileOptions, ReconcileResult } from '../contract/reconcile.ts';
import type { RunResult, RunsResult } from '../contract/runs.ts';
import type { StatusResult } from '../contract/status.ts';
import type { WatchEvent, WatchOptions, WatchResult } from '../contract/watch.ts';

export interface CallOptions<Event = never> {
  /** Its abort ends the call: what was done is kept; a call that has a result to tell returns it. */
  signal?: AbortSignal | undefined;
  /** Called as things happen, in order. Is not awaited; what it throws is an uncaught exception of your program. */
  onEvent?: ((event: Event) => void) | undefined;
}

/** Which org: alias, instance URL, host or username. Left out or null: the only one, or all, as with the command. */
export interface OfOrg {
  org?: string | null | undefined;
}

/** Left out: the configured client, no alias, sync on, and nothing replaced or moved. */
type Login<Flow, Optional extends keyof Flow> = Omit<Flow, Optional> & Partial<Pick<Flow, Optional>>;
type Common = 'alias' | 'sync' | 'replaceUser';
export type LoginRequest =
  | Login<AccessTokenLogin, Common>
  | Login<ClientCredentialsLogin, Common | 'clientId'>
  | Login<JwtLogin, Common | 'clientId' | 'loginUrl'>
  | Login<BrowserLogin, Common | 'clientId' | 'loginUrl' | 'port' | 'openBrowser' | 'timeoutMs'>;

/** A contact by Salesforce's field names; values as JSON has them. */
export type ContactObject = Record<string, unknown>;

/** Records as the command `push` takes them in JSON: with `Id` an update, with `IsDeleted: true` a delete. */
export type ContactRecords = Iterable<ContactObject> | AsyncIterable<ContactObject>;

export interface ContactList {
  instanceUrl: string;
  /** How many match, `limit` aside. */
  total: number;
  /** Up to which instant the mirror holds all changes, ISO 8601. */
  coveredUntil: string | null;
  contacts: ContactObject[];
}

export interface ContactDetails extends Omit<ContactView, 'columns' | 'row'> {
  contact: ContactObject;
}

export interface ContactStream {
  instanceUrl: string;
  columns: ContactColumn[];
  /** All live contacts of one moment, read as they are taken, once. A second reading throws `INVALID_INPUT`. */
  contacts: AsyncIterable<ContactObject>;
}

/**
 * The application, opened by a program: a method for each command, with the options and the results of its JSON output.
 * Times are ISO 8601 in UTC, an unknown value is null.
 *
 * What concerns the whole call is thrown, as `AppError` with a stable `code`. Where several orgs take part, one org's
 * failure stands in its item's `error` and the call returns.
 */
export interface ParahackSync extends AsyncDisposable {
  /** Gets a grant by the chosen flow, stores it, and connects the org. */
  login(request: LoginRequest, call?: CallOptions<LoginEvent>): Promise<LoginResult>;
  logout(options?: Partial<LogoutOptions>, call?: CallOptions): Promise<LogoutResult>;
  readonly orgs: {
    list(call?: CallOptions): Promise<OrgsResult>;
    /** On unless `sync` says otherwise. */
    setSync(options: { org: string; sync?: boolean }, call?: CallOptions): Promise<{ org: OrgView }>;
    /** `alias` null takes the alias away. */
    setAlias(options: { org: string; alias: string | null }, call?: CallOptions): Promise<{ org: OrgView }>;
    set(options: OrgSettingsOptions, call?: CallOptions): Promise<OrgSet>;
  };
  /** The first full copy of each org, resumed where it was interrupted. */
  backfill(options?: Partial<BackfillOptions>, call?: CallOptions<ProgressEvent>): Promise<BackfillResult>;
  /** Keeps mirrors up to date until the signal aborts, or with `once` for one cycle of each org. */
  watch(options?: Partial<WatchOptions>, call?: CallOptions<WatchEvent>): Promise<WatchResult>;
  /** Compares every Id and SystemModstamp of each org with its mirror, and repairs that; resumed where it was interrupted. */
  reconcile(options?: Partial<ReconcileOptions>, call?: CallOptions<ProgressEvent>): Promise<ReconcileResult>;
  /**
   * Creates, updates and deletes contacts. Where records have faults, `invalid` of the result tells them and nothing was
   * stored or sent. Dispose the result after use.
   */
  push(
    records: ContactRecords,
    options?: Partial<Omit<PushOptions, 'records'>>,
    call?: CallOptions<ProgressEvent>,
  ): Promise<PushResult>;
  readonly contacts: {
    /** In the order of their Ids, 50 unless told. */
    list(options?: Partial<ContactListOptions>, call?: CallOptions): Promise<ContactList>;
    /** By a part of name, e-mail or phone, 50 unless told. */
    search(options: { text: string; limit?: number } & OfOrg, call?: CallOptions): Promise<ContactList>;
    /** By Id, `_key`, e-mail or the key of the push that made it. Throws UNKNOWN_CONTACT. */
    show(options: { id: string } & OfOrg, call?: CallOptions): Promise<ContactDetails>;
    export(options?: Partial<ContactExportOptions>, call?: CallOptions): Promise<ContactStream>;
  };
  readonly outbox: {
    /** The oldest first, 100 unless told. */
    list(
      options?: Partial<OutboxListOptions>,
      call?: CallOptions,
    ): Promise<{ total: number; entries: OutboxEntryView[] }>;
    /** With `live` the org is asked what it has now. */
    show(options: { key: string; live?: boolean } & OfOrg, call?: CallOptions): Promise<OutboxShowResult>;
    retry(options: Partial<OutboxMoveOptions>, call?: CallOptions): Promise<OutboxMoveResult>;
    drop(options: Partial<OutboxDropOptions>, call?: CallOptions): Promise<OutboxDropResult>;
    approve(options: Partial<OutboxMoveOptions>, call?: CallOptions): Promise<OutboxMoveResult>;
    /** One of `as`, `notSent` and `auto`; what is still in doubt is in the result. */
    settle(
      options: Partial<OutboxSettleOptions>,
      call?: CallOptions<ProgressEvent>,
    ): Promise<OutboxSettleResult>;
  };
  readonly archives: {
    list(options?: OfOrg, call?: CallOptions): Promise<ArchivesResult>;
    prune(options?: { keep?: number } & OfOrg, call?: CallOptions): Promise<ArchivesPruneResult>;
  };
  /** What is known here of each org; asks nobody. */
  status(options?: OfOrg, call?: CallOptions): Promise<StatusResult>;
  runs(options?: { limit?: number } & OfOrg, call?: CallOptions): Promise<RunsResult>;
  /** `id` may be the beginning of a run's id. Throws UNKNOWN_RUN. */
  run(options: { id: string }, call?: CallOptions): Promise<RunResult>;
  limits(options?: OfOrg, call?: CallOptions): Promise<LimitsResult>;
  doctor(call?: CallOptions): Promise<DoctorResult>;
  /** Ends the calls under way as an abort does, waits for them, and closes all files. Safe to call twice. */
  close(): Promise<void>;
}
