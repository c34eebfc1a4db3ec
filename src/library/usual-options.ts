import type { BackfillOptions } from '../contract/backfill.ts';
import type { ContactExportOptions, ContactListOptions, ContactSearchOptions } from '../contract/contacts.ts';
import { defaults } from '../contract/defaults.ts';
import type { LogoutOptions } from '../contract/login.ts';
import type { OrgSettingsOptions } from '../contract/orgs.ts';
import type {
  OutboxDropOptions,
  OutboxListOptions,
  OutboxMoveOptions,
  OutboxSettleOptions,
} from '../contract/outbox.ts';
import type { PushOptions } from '../contract/push.ts';
import type { ReconcileOptions } from '../contract/reconcile.ts';
import type { WatchOptions } from '../contract/watch.ts';

/** What is not named stays as it is. */
type OrgSettingsAsked = { [K in keyof OrgSettingsOptions]: OrgSettingsOptions[K] | undefined } & {
  org: string;
};

/** The options of each method as the command has them without any flag. */
export const usual = {
  logout: { org: null, all: false, deleteData: false, force: false } as LogoutOptions,
  backfill: {
    orgs: [],
    all: false,
    api: 'auto',
    concurrency: null,
    fresh: false,
    force: false,
    fields: null,
  } as BackfillOptions,
  watch: {
    orgs: [],
    intervalMs: defaults.watchIntervalMs,
    once: false,
    push: true,
    reconcileEveryMs: defaults.reconcileEveryMs,
  } as WatchOptions,
  reconcile: { orgs: [], dryRun: false, force: false, wait: true } as ReconcileOptions,
  push: {
    org: null,
    upsertField: null,
    dryRun: false,
    queue: false,
    allOrNone: false,
    allowDuplicates: false,
    api: 'auto',
    ignoreUnknown: false,
    ignoreReadOnly: false,
    allowMixed: false,
    allowDamaged: false,
    decimal: null,
    fresh: false,
    keepRejects: false,
  } as Omit<PushOptions, 'records'>,
  contactList: {
    org: null,
    limit: defaults.contacts,
    deleted: false,
    where: undefined,
    fields: undefined,
    sort: undefined,
    offset: undefined,
  } as ContactListOptions,
  contactSearch: { org: null, text: '', limit: defaults.contacts } as ContactSearchOptions,
  contactExport: { org: null, where: undefined, fields: undefined } as ContactExportOptions,
  outboxList: { org: null, states: [], limit: defaults.outboxEntries } as OutboxListOptions,
  outboxMove: { org: null, keys: [], all: false, inDoubt: false, take: null } as OutboxMoveOptions,
  outboxDrop: {
    org: null,
    keys: [],
    all: false,
    inDoubt: false,
    take: null,
    states: [],
  } as OutboxDropOptions,
  outboxShow: { key: '', live: false as boolean },
  outboxSettle: { org: null, keys: [], as: null, notSent: false, auto: false } as OutboxSettleOptions,
  prune: { org: null as string | null, keep: defaults.keptArchives as number },
  runs: { org: null as string | null, limit: defaults.runs as number },
  ofOrg: { org: null as string | null },
  orgSettings: { org: '', budget: undefined, twoWay: undefined, conflicts: undefined } as OrgSettingsAsked,
  orgAlias: { org: '', alias: null } as { org: string; alias: string | null },
};
