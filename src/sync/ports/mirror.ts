import type { ContactStore } from './contact-store.ts';
import type { Effect } from './effect.ts';
import type { Journal } from './journal.ts';
import type { Lease } from './leases.ts';
import type { Outbox } from './outbox.ts';
import type { PageBody, PageOutcome, Tombstone } from './page.ts';
import type { StoredChunk } from './run.ts';
import type { SchemaStore } from './schema-store.ts';
import type { Sweep } from './sweep.ts';
import type { TwoWay } from './two-way.ts';

/** Which org the mirror is of, and as which user it was read. */
export interface MirrorIdentity {
  orgId: string;
  userId: string;
  instanceUrl: string;
}

export interface Batch {
  page?: PageBody;
  tombstones?: readonly Tombstone[];
  effects?: readonly Effect[];
}

export interface BatchOutcome {
  page: PageOutcome | null;
  /** Rows that became tombstones (or changed from one kind to another). */
  buried: number;
  /** Whether the chunk that an effect advanced is done; null without one, or where it was not advanced. */
  chunkDone: boolean | null;
  /** The chunks that `replace-chunks` made, in order; none where it did nothing. */
  addedChunks: StoredChunk[];
}

/**
 * What one org's mirror holds, by nouns, as sync needs it. Writes are one transaction each, in the order of their
 * calls; reads see what is committed.
 */
export interface Mirror {
  readonly schema: SchemaStore;
  readonly contacts: ContactStore;
  readonly journal: Journal;
  readonly sweep: Sweep;
  readonly outbox: Outbox;
  /** Whether programs write to it, and what becomes of conflicts. */
  twoWay(): Promise<TwoWay>;
  /**
   * One transaction. Throws AppError `PAGE_INCOMPLETE` where a page does not hold what its answer said, and
   * then nothing of the batch is stored. An abort before the commit stores nothing either.
   */
  commit(batch: Batch, options?: { signal?: AbortSignal }): Promise<BatchOutcome>;
  /**
   * The same mirror, whose writes are made under this lease too. Each transaction checks the fence as the last thing
   * before its commit, and throws AppError `LEASE_LOST`, with nothing stored, where the mirror has seen a higher one of
   * the same lease: from this call on, when it resolves, all holders before this one store nothing more. Without any
   * lease only those writes go through that are not work on the org: runs noted, pushes queued, entries decided about,
   * fields described.
   */
  under(lease: Lease): Promise<Mirror>;
}
