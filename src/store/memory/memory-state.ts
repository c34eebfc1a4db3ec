import type { RowState } from '../../sync/merge/evidence.ts';
import type { Field } from '../../sync/ports/field.ts';
import type { Cursors } from '../../sync/ports/journal.ts';
import type { MirrorIdentity } from '../../sync/ports/mirror.ts';
import type { LostRequest, NewOutboxEntry, OutboxEntry } from '../../sync/ports/outbox-entry.ts';
import type { Run, RunStep, StoredChunk } from '../../sync/ports/run.ts';
import type { SweptDue } from '../../sync/ports/sweep.ts';
import type { TwoWay } from '../../sync/ports/two-way.ts';
import type { AskedReconciles } from '../asked-reconcile.ts';
import type { ColumnType } from '../fields/column-type.ts';

export type MemoryValue = string | number | null;

export interface MemoryField {
  definition: Field;
  columnType: ColumnType;
  vanished: boolean;
  /** See `unfilled`. */
  unfilled: number;
}

export interface MemoryContact {
  /** In the order in which they came. */
  place: number;
  /** That of the push that made it, where it is another than its Id. */
  key: string | null;
  state: RowState;
  /** By the field's name in lower case, without the columns that follow from the state. */
  values: ReadonlyMap<string, MemoryValue>;
}

export interface MemoryEntry extends OutboxEntry {
  /** A person has let it go although the brake held it. */
  approved: boolean;
  /** The push that it came with, and its place there. */
  push: { id: string; place: number } | null;
  /** Key of the entry that was pushed in its place; null where none was. */
  replacedBy: string | null;
  /** See `Outbox.lostRequests`. */
  lost: Pick<LostRequest, 'endedOrgAt'> | null;
  /** See the effect `note-unshown`. */
  unshownAt: number | null;
}

export interface MemoryPush {
  /** See `RecordDigest`. */
  digest: string;
  begunAt: number;
  triedAt: number;
  /** It was queued, or its end was told: it is the same push only while one of its entries waits. */
  queued: boolean;
}

/** What a mirror holds of its org, whatever the object. */
export interface OrgState {
  identity: MirrorIdentity | null;
  latestReadAt: number | undefined;
  /** The highest fence seen, by the lease's name. */
  fences: Map<string, number>;
}

/** What a mirror holds of one object. */
export interface ObjectState {
  /** By name in lower case. */
  fields: Map<string, MemoryField>;
  onlyFields: readonly string[] | null;
  /** What was set, null where nothing was: a mirror in memory has no view that programs could write to. */
  twoWay: TwoWay | null;
  described: { lastModified: string | null; at: number } | null;
  cursors: Cursors;
  knownWindows: Record<keyof Cursors, object | null>;
  reconciledAt: number | null;
  unheardUntil: number;
  asked: AskedReconciles;
  /** See `SchemaStore.filledSinceReconcile`: by name, the org's time when its filling began, ms. */
  filled: Map<string, number>;
  /** By Id, what a sweep has come to. */
  swept: Map<string, { due: SweptDue | null; evidenceAt: number }>;
  /** In the order in which they were begun. */
  runs: Map<string, Run>;
  steps: { runId: string; step: RunStep }[];
  chunks: Map<number, StoredChunk>;
  contacts: Map<string, MemoryContact>;
  /** By key, in their order. */
  outbox: Map<string, MemoryEntry>;
  /** Those that have not ended. */
  pushes: Map<string, MemoryPush>;
}

/** All that one mirror holds. What stands in it is never changed, only replaced. */
export type MemoryState = OrgState & ObjectState;

export function emptyOrg(): OrgState {
  return {
    identity: null,
    latestReadAt: undefined,
    fences: new Map(),
  };
}

export function emptyObject(): ObjectState {
  return {
    fields: new Map(),
    onlyFields: null,
    twoWay: null,
    described: null,
    cursors: { updated: null, deleted: null },
    filled: new Map(),
    knownWindows: { updated: null, deleted: null },
    reconciledAt: null,
    unheardUntil: 0,
    asked: [],
    swept: new Map(),
    runs: new Map(),
    steps: [],
    chunks: new Map(),
    contacts: new Map(),
    outbox: new Map(),
    pushes: new Map(),
  };
}

/** As if no request had ever carried it. */
export const neverSent = { sentAt: null, sentOrgAt: null, sentBy: null, knownBefore: null, doubt: null };

export function newEntry({ outbox }: MemoryState, entry: NewOutboxEntry): MemoryEntry {
  return {
    ...entry,
    seq: outbox.size + 1,
    local: false,
    baseAt: null,
    firstBase: null,
    found: null,
    way: null,
    api: null,
    job: null,
    attempts: 0,
    errors: [],
    ...neverSent,
    settledAt: null,
    readBackDue: false,
    created: null,
    approved: false,
    push: null,
    replacedBy: null,
    lost: null,
    unshownAt: null,
  };
}

/** Without what the store alone keeps of it. */
export function entryOf({
  approved: _1,
  push: _2,
  replacedBy: _3,
  lost: _4,
  unshownAt: _5,
  ...entry
}: MemoryEntry): OutboxEntry {
  return entry;
}
