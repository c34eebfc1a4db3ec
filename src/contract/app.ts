import type { Logger } from '../base/logger.ts';
import type { ArchivesPruneOptions, ArchivesPruneResult, ArchivesResult } from './archives.ts';
import type { BackfillOptions, BackfillResult } from './backfill.ts';
import type {
  ContactExport,
  ContactExportOptions,
  ContactListOptions,
  ContactPage,
  ContactSearchOptions,
  ContactShowOptions,
  ContactView,
} from './contacts.ts';
import type { DoctorResult } from './doctor.ts';
import type { EmulatorEvent, EmulatorOptions } from './emulator.ts';
import type { LimitsResult } from './limits.ts';
import type { LoginEvent, LoginOptions, LoginResult, LogoutOptions, LogoutResult } from './login.ts';
import type { OrgName, OrgSet, OrgSettingsOptions, OrgsResult, OrgView } from './orgs.ts';
import type {
  OutboxDropOptions,
  OutboxDropResult,
  OutboxListOptions,
  OutboxListResult,
  OutboxMoveOptions,
  OutboxMoveResult,
  OutboxSettleOptions,
  OutboxSettleResult,
  OutboxShowOptions,
  OutboxShowResult,
} from './outbox.ts';
import type { ProgressEvent } from './progress.ts';
import type { PushOptions, PushResult } from './push.ts';
import type { ReconcileOptions, ReconcileResult } from './reconcile.ts';
import type { RunResult, RunsResult } from './runs.ts';
import type { StatusResult } from './status.ts';
import type { WatchEvent, WatchOptions, WatchResult } from './watch.ts';

/** What every call of the app gets besides its options. */
export interface CallContext<Event = never> {
  /** Aborted by SIGINT, SIGTERM or SIGHUP. What was done is kept; a call that has a result to tell returns it. */
  signal: AbortSignal;
  /** Called as things happen, in order. Must not throw and is not awaited. */
  onEvent: (event: Event) => void;
}

/**
 * The application as the command line (and later any other surface) drives it: one method per command.
 * Options and results are plain data whose keys are those of the JSON output, so that rendering is a
 * projection: times are ISO 8601 in UTC with milliseconds, an unknown value is null and never absent.
 *
 * Failures that concern the whole call are thrown as AppError. Where several orgs take part, one org's
 * failure stands in its item's `error` and the call returns.
 */
export interface App extends AsyncDisposable {
  login(options: LoginOptions, context: CallContext<LoginEvent>): Promise<LoginResult>;
  logout(options: LogoutOptions, context: CallContext): Promise<LogoutResult>;
  readonly orgs: AppOrgs;
  /** How the connected orgs are called; asked at any time, and never fails. */
  orgNames(): Promise<OrgName[]>;
  backfill(options: BackfillOptions, context: CallContext<ProgressEvent>): Promise<BackfillResult>;
  /** Returns on a graceful stop, or after one cycle per org with `once`. */
  watch(options: WatchOptions, context: CallContext<WatchEvent>): Promise<WatchResult>;
  reconcile(options: ReconcileOptions, context: CallContext<ProgressEvent>): Promise<ReconcileResult>;
  /** Where records have faults, `invalid` tells them, and nothing was stored or sent. Dispose the result after use. */
  push(options: PushOptions, context: CallContext<ProgressEvent>): Promise<PushResult>;
  readonly contacts: AppContacts;
  readonly outbox: AppOutbox;
  readonly archives: AppArchives;
  status(options: { org: string | null }, context: CallContext): Promise<StatusResult>;
  runs(options: { org: string | null; limit: number }, context: CallContext): Promise<RunsResult>;
  /** `id` may be a prefix of a run's id; throws UNKNOWN_RUN where it names none or several. */
  run(options: { id: string }, context: CallContext): Promise<RunResult>;
  limits(options: { org: string | null }, context: CallContext): Promise<LimitsResult>;
  doctor(context: CallContext): Promise<DoctorResult>;
  /** Runs until the signal aborts, then returns. */
  emulator(options: EmulatorOptions, context: CallContext<EmulatorEvent>): Promise<void>;
}

export interface AppOrgs {
  list(context: CallContext): Promise<OrgsResult>;
  setSync(options: { org: string; sync: boolean }, context: CallContext): Promise<{ org: OrgView }>;
  /** `alias` null takes the alias away. */
  setAlias(options: { org: string; alias: string | null }, context: CallContext): Promise<{ org: OrgView }>;
  set(options: OrgSettingsOptions, context: CallContext): Promise<OrgSet>;
}

export interface AppArchives {
  /** `org` null: those of all connected orgs. */
  list(options: { org: string | null }, context: CallContext): Promise<ArchivesResult>;
  prune(options: ArchivesPruneOptions, context: CallContext): Promise<ArchivesPruneResult>;
}

export interface AppContacts {
  list(options: ContactListOptions, context: CallContext): Promise<ContactPage>;
  search(options: ContactSearchOptions, context: CallContext): Promise<ContactPage>;
  /** Throws UNKNOWN_CONTACT. */
  show(options: ContactShowOptions, context: CallContext): Promise<ContactView>;
  export(options: ContactExportOptions, context: CallContext): Promise<ContactExport>;
}

export interface AppOutbox {
  list(options: OutboxListOptions, context: CallContext): Promise<OutboxListResult>;
  /** Throws UNKNOWN_ENTRY where the key names none or several. */
  show(options: OutboxShowOptions, context: CallContext): Promise<OutboxShowResult>;
  /** Rejected entries (with `inDoubt` also those in doubt) wait to be sent again. */
  retry(options: OutboxMoveOptions, context: CallContext): Promise<OutboxMoveResult>;
  /** Entries are given up; their contacts in Salesforce stay as they are. */
  drop(options: OutboxDropOptions, context: CallContext): Promise<OutboxDropResult>;
  /**
   * What became of entries in doubt: told by a person, or asked of the org. Waits for whoever sends right now. Throws
   * UNKNOWN_ENTRY, and with `as` UNKNOWN_CONTACT where the org does not show that contact, INVALID_INPUT where it cannot be it.
   */
  settle(options: OutboxSettleOptions, context: CallContext<ProgressEvent>): Promise<OutboxSettleResult>;
  /** Held entries wait to be sent from now on; `inDoubt` means nothing here. */
  approve(options: OutboxMoveOptions, context: CallContext): Promise<OutboxMoveResult>;
}

export interface AppIo {
  /** Warnings and other messages; the surface decides what is shown. */
  log: Logger;
  /** Write mirrors on the thread of the caller, where it does little else: less memory, and less time for little. */
  inlineWrites?: boolean;
}
