import type { ColumnType, ContactDescribe, Field } from './field.ts';
import type { Outbox } from './outbox.ts';
import type { OutboxIntake } from './outbox-intake.ts';
import type { Gone, PageBody, PageOutcome, Tombstone } from './page.ts';
import type { Chunk, NewChunk, Run, RunKind, RunOutcome, RunStep } from './run.ts';

/** Up to which instant all changes are in the mirror, ms since 1970; null before the first backfill ended. */
export interface Cursors {
  updated: number | null;
  deleted: number | null;
}

/** Whose eyes the mirror sees with. */
export interface MirrorIdentity {
  orgId: string;
  userId: string;
  instanceUrl: string;
}

export interface StoredField extends Field {
  columnType: ColumnType;
  /** The field is no longer in describe, or left out by `--fields`; its column keeps its last values. */
  vanished: boolean;
  /** The column came (again) to a mirror with rows, and has not been filled for them yet. */
  unfilled: boolean;
  /** Not left out by `--fields`, nor still to be filled since it is asked for again: programs and commands see it. */
  current: boolean;
}

export interface SchemaChange {
  added: string[];
  vanished: string[];
  returned: string[];
}

/** What is committed together with rows, or alone: all of it or nothing. */
export interface Effects {
  /** Forward only: a value at or before the stored one changes nothing. */
  cursors?: Partial<Cursors>;
  /** Sets both cursors only where the mirror has none. */
  firstCursors?: { updated: number; deleted: number };
  /** Progress of a chunk; `rows` of the page are added to its count. */
  chunk?: ChunkAdvance;
  /** Replaces chunks by others (a split, a finished job's pages, an expired job); the old ones become done. */
  replaceChunks?: { runId: string; ids: readonly number[]; by: readonly NewChunk[] };
  finishRun?: { id: string; outcome: RunOutcome };
  /** Replaces what a resumed run must keep. */
  runState?: { id: string; state: Record<string, unknown> };
  /** These columns now hold the org's values for all rows. */
  filledFields?: readonly string[];
  /** Entries whose contacts this page brought back. */
  readBack?: readonly string[];
}

export interface ChunkAdvance {
  id: number;
  /** A value known before the page is read; `'last-key'` takes the page's own last (CreatedDate, Id). */
  position: Record<string, unknown> | 'last-key' | null;
  /**
   * `'done'`, `'pending'`, or for key-paged queries `{ doneBelow: n }`: done when the answer says `done` and
   * holds fewer than n rows.
   */
  state: 'done' | 'pending' | { doneBelow: number };
}

export interface Batch {
  page?: PageBody;
  tombstones?: readonly Tombstone[];
  effects?: Effects;
}

export interface BatchOutcome {
  page: PageOutcome | null;
  /** Rows that became tombstones (or changed from one kind to another). */
  buried: number;
  /** New state of the chunk that `effects.chunk` named; null without one. */
  chunkDone: boolean | null;
  /** The chunks that `effects.replaceChunks` made, in order. */
  addedChunks: Chunk[];
}

export interface MirrorCounts {
  /** Live rows. */
  contacts: number;
  /** Tombstones of every kind. */
  deleted: number;
}

export interface ReadBefore {
  rows: { id: string; readAt: number }[];
  /** What the next page is `after`; null where this was the last. */
  next: number | null;
}

/**
 * One org's SQLite file as sync needs it. Writes are done by a writer thread, one transaction each, in the
 * order of their calls; reads see what is committed.
 */
export interface Mirror extends AsyncDisposable {
  readonly path: string;
  /**
   * Whether the file is still the one that lies at `path`. Where it was deleted or replaced, every other call throws
   * AppError `MIRROR_REPLACED`.
   */
  readonly isInPlace: boolean;

  identity(): Promise<MirrorIdentity | null>;
  setIdentity(identity: MirrorIdentity): Promise<void>;
  /** Fields in column order, vanished ones included; empty before the first describe. */
  fields(): Promise<StoredField[]>;
  /** `Last-Modified` and time of the last describe, for the conditional request. */
  describedAt(): Promise<{ lastModified: string | null; at: number } | null>;
  /** Remembers that the last describe was still true at `at`. */
  confirmDescribe(at: number): Promise<void>;
  /** Adds columns for new fields, marks vanished ones, remembers the describe. `only` limits the columns (`--fields`). */
  applyDescribe(describe: ContactDescribe, at: number, only?: readonly string[]): Promise<SchemaChange>;

  /** The largest read or evidence time stored (the org's time, ms); undefined in an empty mirror. Cheap. */
  latestReadAt(): Promise<number | undefined>;

  cursors(): Promise<Cursors>;
  counts(): Promise<MirrorCounts>;
  /** What the mirror knows of each of `ids`; an id it has never seen is absent. `stamp` is SystemModstamp (ISO). */
  states(ids: readonly string[]): Promise<Map<string, { gone: Gone | null; stamp: string | null }>>;
  /**
   * Live contacts by a unique field's values, by value as given; letters' case does not count. Empty where the field
   * is no column. The first call for a field makes its index.
   */
  idsBy(field: string, values: readonly string[]): Promise<Map<string, string>>;
  /**
   * Live rows that were last read before `before` (ms since 1970), in the order in which they lie in the file: at most
   * `limit` of those behind `after` (0 for the first). Looks at every row.
   */
  readBefore(before: number, page: { after: number; limit: number }): Promise<ReadBefore>;
  /** Creates what lookups need beyond the primary key; called once the first full copy is in. */
  ensureIndices(): Promise<void>;

  startRun(kind: RunKind, at: number, state: Record<string, unknown>): Promise<string>;
  addStep(runId: string, step: RunStep): Promise<void>;
  finishRun(runId: string, outcome: RunOutcome): Promise<void>;
  run(runId: string): Promise<Run | null>;
  /** Newest first. */
  runs(filter: { kind?: RunKind; status?: Run['status']; limit: number }): Promise<Run[]>;
  runsByPrefix(prefix: string): Promise<Run[]>;
  steps(runId: string): Promise<RunStep[]>;

  addChunks(runId: string, chunks: readonly NewChunk[]): Promise<Chunk[]>;
  chunks(runId: string, state?: Chunk['state']): Promise<Chunk[]>;

  /**
   * One transaction. Throws AppError `PAGE_INCOMPLETE` where a page does not hold what its answer said, and
   * then nothing of the batch is stored. An abort before the commit stores nothing either.
   */
  apply(batch: Batch, options?: { signal?: AbortSignal }): Promise<BatchOutcome>;

  /** Own API calls by the hour (`hour` = ms since 1970 / 3,600,000), for the rolling day's budget. */
  addApiCalls(hour: number, calls: number): Promise<void>;
  apiCallsSince(hour: number): Promise<number>;

  /** The org's API usage as last reported, for `status`. */
  apiUsage(): Promise<{ used: number; max: number; at: number } | null>;
  saveApiUsage(usage: { used: number; max: number; at: number }): Promise<void>;
  /** SQLite's own integrity check; empty where all is well. */
  checkIntegrity(): Promise<string[]>;

  readonly outbox: Outbox;
  /** Takes a push of any size into the outbox; dispose it when its outcome has been told. */
  openIntake(): Promise<OutboxIntake>;
}
