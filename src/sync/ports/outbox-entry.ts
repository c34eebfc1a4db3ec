import type { Doubt } from './doubt.ts';
import type { BasePoint } from './own-write.ts';
import type { RecordError } from './record-writes.ts';

export type OutboxOp = 'create' | 'update' | 'delete';

/**
 * `pending`: waits to be sent. `sent`: a request carries it, or a crash left it so (then in doubt).
 * `in-doubt`: the request ended without an answer. `rejected`: Salesforce said no. `held`: too much at
 * once, waits for `outbox approve`. `conflict`: waits for a person. `done`: settled. `dropped`: given up
 * by a person.
 */
export type OutboxState =
  | 'pending'
  | 'sent'
  | 'in-doubt'
  | 'rejected'
  | 'held'
  | 'conflict'
  | 'done'
  | 'dropped';

/** How an entry is sent; decided before its first sending and stored, because a doubt must be settled the same way. */
export type SendWay = 'ui-api' | 'collection' | 'upsert' | 'bulk';

/** What a person has chosen for a push in place of a choice by the number of its records. */
export type SendApi = 'collections' | 'bulk';

/** What the mirror held of a contact in the moment before a request that may have changed it. */
export interface KnownBefore {
  /** SystemModstamp, ISO; null where the mirror had none. */
  stamp: string | null;
  /**
   * The fields that the entry changes, as far as the mirror has them, as it stores them. Of a delete those that can be edited and are
   * not empty; of a former version none.
   */
  values: Record<string, unknown>;
}

export interface OutboxEntry {
  /** Its place in the outbox: later entries have greater ones. */
  seq: number;
  /** UUID v4, also the Idempotency-Key. */
  key: string;
  op: OutboxOp;
  /** Made by a program's edit of the view, and not by a push. */
  local: boolean;
  contactKey: string;
  contactId: string | null;
  changes: Record<string, unknown>;
  /**
   * What Salesforce had in the fields when they were edited; from a conflict on, also of a push, what it had then, which a decision
   * holds against.
   */
  base: Record<string, unknown> | null;
  /** When that was, by name of the field; '' is for all others of a delete. Null where nothing is known of it. */
  baseAt: Record<string, BasePoint> | null;
  /** What a conflict has put `found` in the place of, in `base`; null where none was found. */
  firstBase: Record<string, unknown> | null;
  /** What Salesforce had when the last conflict was found; null where there was none, or no contact. */
  found: Record<string, unknown> | null;
  state: OutboxState;
  way: SendWay | null;
  /** By what it is to go, where a person has said so; null: as its number suggests. */
  api: SendApi | null;
  /** Id of the ingest job that carries it, or carried it last; null where none did. */
  job: string | null;
  /** External id field for `upsert`. */
  upsertField: string | null;
  allowDuplicates: boolean;
  /** Entries of one group are sent in one request, all or none; null: on its own. */
  atomicGroup: string | null;
  attempts: number;
  errors: RecordError[];
  createdAt: number;
  /**
   * When it was first sent in a way that may have reached Salesforce; null where surely nothing was done yet. Only
   * from then on do the 30 days run for which Salesforce knows its Idempotency-Key.
   */
  sentAt: number | null;
  /** The org's time of that sending, not later than it, ms; null where the org's time was not known. */
  sentOrgAt: number | null;
  /** Id of the user as whom it was sent then; null where that is not known, or nothing was sent. */
  sentBy: string | null;
  /** Null where the mirror did not know the contact, or nothing was sent. */
  knownBefore: KnownBefore | null;
  /** What is known of its doubt; null where the org was not asked, or it is none. */
  doubt: Doubt | null;
  settledAt: number | null;
  /** Done in Salesforce, not yet read back into the mirror. */
  readBackDue: boolean;
  /** Whether a settled entry made the contact (an upsert may have met one that was there); null before. */
  created: boolean | null;
}

/** One whose record is in Salesforce and not in the mirror yet. */
export type WrittenEntry = Pick<OutboxEntry, 'key' | 'op' | 'contactId'>;

/** One that says, or has just said, what a contact has in some fields. */
export type GivingEntry = Pick<OutboxEntry, 'seq' | 'contactKey' | 'contactId' | 'changes'>;

/** A creation by a program that may have made a contact, and nobody knows yet whether it has, and which. */
export type OpenCreation = Pick<OutboxEntry, 'contactKey' | 'sentOrgAt' | 'sentBy' | 'doubt'>;

/** An entry whose last request got no answer, and may still be carried out; whatever has become of the entry since. */
export interface LostRequest {
  entry: OutboxEntry;
  /** The key that the entry had when it was sent so: it has another one where its values were changed since. */
  sentAs: string;
  /** The org's time when that request had surely left, ms since 1970; null while that is not known. */
  endedOrgAt: number | null;
}

/**
 * `over`: nothing of it is to come any more; since when at the latest, by the org's clock, or null by a person's word that it has done
 * nothing.
 */
export type LostNote = { key: string } & ({ endedOrgAt: number } | { over: number | null });

export type NewOutboxEntry = Pick<
  OutboxEntry,
  | 'key'
  | 'op'
  | 'contactKey'
  | 'contactId'
  | 'changes'
  | 'base'
  | 'upsertField'
  | 'allowDuplicates'
  | 'atomicGroup'
  | 'createdAt'
> & { state: 'pending' | 'held' };

/** The code of fields that are parted from a creation, and go by themselves as soon as the contact is there. */
export type WaitsForContact = 'NOT_CREATEABLE';

/** Some fields of an edit, and why they are refused. */
export interface EditPart {
  /** Of the entry that it becomes. */
  key: string;
  changes: Record<string, unknown>;
  errors: RecordError[];
}

/** What is decided about an edit before any request carries it. */
export type EditDecision =
  /** Less is sent than was asked for, or to another contact. */
  | { key: string; kind: 'amend'; changes: Record<string, unknown>; contactId: string }
  /** The rest becomes entries of their own, which are refused. `as`: its key from now on. */
  | { key: string; kind: 'part'; as: string; changes: Record<string, unknown>; parts: EditPart[] }
  /** Salesforce has all of it already. */
  | { key: string; kind: 'done'; contactId: string }
  | { key: string; kind: 'drop' | 'reject'; errors: RecordError[] }
  /**
   * `base`: what a person's decision for the edit is to hold against from now on; `knownTo`: the org's time of the look that
   * found it, ms since 1970, null where that is not known.
   */
  | {
      key: string;
      kind: 'conflict';
      contactId: string | null;
      base: Record<string, unknown>;
      knownTo: number | null;
      errors: RecordError[];
    };

/** What a run's record tells of edits, a line for each; stored with what was decided about them. */
export interface EditRecord {
  runId: string;
  /** Name of the step. */
  step: string;
  /** `key`: the entry whose decision it tells of. It is left out where that did not come about. */
  lines: readonly { key: string; text: string }[];
}

/** What is known of an entry after a request. */
export type Settlement =
  | ({ key: string; state: 'done'; contactId: string; created: boolean; at: number } & LookedAt)
  | { key: string; state: 'rejected'; errors: RecordError[]; at: number }
  /**
   * `keyless`: the org does not take its Idempotency-Key, so that it is as if it had been sent in a collection. `doubt`: what is
   * known of it from the beginning. `refused`: an answer came, and it is an earlier request that has none; what is known of that
   * one's end stays.
   */
  | {
      key: string;
      state: 'in-doubt';
      errors: RecordError[];
      at: number;
      keyless?: boolean;
      doubt?: Doubt;
      refused?: boolean;
    }
  /**
   * Somebody else changed the contact meanwhile; `contactId` where it was found by its external id. `base`: what a person's
   * decision for the entry is to hold against from now on, and `knownTo` the org's time of the look that found it, ms
   * since 1970; left out where the entry keeps its own.
   */
  | ({
      key: string;
      state: 'conflict';
      errors: RecordError[];
      contactId: string | null;
      base?: Record<string, unknown>;
      knownTo?: number | null;
      at: number;
    } & LookedAt)
  /** `unsent`: surely no sending of it did anything, so that it is as if it had never been sent. */
  | ({ key: string; state: 'pending'; errors: RecordError[]; at: number; unsent?: boolean } & LookedAt);

/** Of one that was settled by a look at its contact. */
interface LookedAt {
  /** The org's time of that look, ms since 1970: its last request without an answer had left before. */
  lostBefore?: number | undefined;
}
