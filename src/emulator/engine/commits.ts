import type { ObjectSchema } from '../schema/object-schema.ts';
import { applyChange, type Change } from './change.ts';
import type { Storage } from './storage.ts';
import type { Visibility } from './visibility.ts';

/** Changes that are stamped and not yet visible: an open transaction's, or a write that commits late. */
interface Pending {
  readonly startMs: number;
  /** When it commits by itself; undefined: when told to. */
  readonly commitAtMs: number | undefined;
  readonly changes: Change[];
}

/** What a row's pending changes add up to. */
export interface PendingRow {
  readonly exists: boolean;
  readonly set: Readonly<Record<string, unknown>>;
}

/**
 * When changes become visible. Most do at once; those of an open transaction at its commit, and with a commit lag
 * each that much after its stamp. What is pending is in nobody's answer and holds `latestDateCovered` back.
 */
export class Commits {
  readonly #storage: Storage;
  readonly #visibility: Visibility;
  readonly #pending: Pending[] = [];
  /** Rows of open transactions and which of them holds them: nobody else may write them. */
  readonly #locked = new Map<string, Pending>();
  /** Late commits by row, for whoever writes it again before they are visible. */
  readonly #late = new Map<string, { readonly changes: Change[]; commitAtMs: number }>();
  #lagMs = 0;
  #open: Pending | undefined;
  #depth = 0;
  /** Rows that the request under way wrote. */
  #written: Set<string> | undefined;

  constructor(storage: Storage, visibility: Visibility) {
    this.#storage = storage;
    this.#visibility = visibility;
  }

  set lagMs(lagMs: number) {
    this.#lagMs = lagMs;
  }

  /** Whether a change is visible as soon as it is submitted. */
  get immediate(): boolean {
    return this.#open === undefined && this.#lagMs === 0;
  }

  get openTransactions(): number {
    return this.#pending.filter((pending) => pending.commitAtMs === undefined).length;
  }

  /** Applies a change, or keeps it until its commit. */
  submit(change: Change, nowMs: number): void {
    this.#written?.add(key(change.object, change.rid));
    if (this.#open) {
      this.#open.changes.push(change);
      this.#locked.set(key(change.object, change.rid), this.#open);
      return;
    }
    const late = this.#late.get(key(change.object, change.rid));
    if (this.#lagMs === 0 && !late) {
      this.#apply(change);
      return;
    }
    // Changes of one row are committed in their order, even where the lag was longer for an earlier one.
    const commitAtMs = Math.max(nowMs + this.#lagMs, late?.commitAtMs ?? 0);
    this.#addLate({ startMs: Date.parse(`${change.at}Z`), commitAtMs, changes: [change] });
  }

  /** Runs writes as one open transaction that stays open. */
  open<T>(startMs: number, work: () => T): T {
    const pending: Pending = { startMs, commitAtMs: undefined, changes: [] };
    this.#open = pending;
    try {
      const result = work();
      this.#pending.push(pending);
      return result;
    } catch (error) {
      for (const change of pending.changes) this.#locked.delete(key(change.object, change.rid));
      throw error;
    } finally {
      this.#open = undefined;
    }
  }

  /** Within `work` a row that it writes itself is seen by `wroteNow`. */
  asOneRequest<T>(work: () => T): T {
    const outer = this.#written;
    this.#written = outer ?? new Set();
    try {
      return work();
    } finally {
      this.#written = outer;
    }
  }

  /** Whether the request under way wrote the row and nobody else can see it yet. */
  wroteNow(object: ObjectSchema, rid: number): boolean {
    const row = key(object, rid);
    return this.#written?.has(row) === true && this.#late.has(row);
  }

  /**
   * Commits all open transactions; their changes, in order. What was to be late of the rows that they wrote is committed
   * with them, before: a transaction gets a row only when whoever wrote it before has committed.
   */
  commitOpen(): Change[] {
    return this.#commit(
      ({ commitAtMs, changes }) =>
        commitAtMs === undefined || changes.some(({ object, rid }) => this.#locked.has(key(object, rid))),
    );
  }

  /** Commits what is due. To be called before anything is read or written; inside a transaction it waits. */
  settle(nowMs: number): void {
    if (this.#pending.length === 0 || this.#depth > 0) return;
    this.#commit((pending) => pending.commitAtMs !== undefined && pending.commitAtMs <= nowMs);
  }

  /** Up to when everything stamped is visible. */
  coveredMs(nowMs: number): number {
    return this.#pending.reduce((least, pending) => Math.min(least, pending.startMs), nowMs);
  }

  isLocked(object: ObjectSchema, rid: number): boolean {
    const holder = this.#locked.get(key(object, rid));
    return holder !== undefined && holder !== this.#open;
  }

  /**
   * What is pending for a row as a writer sees it: late commits and the transaction it writes in, not what other
   * open transactions hold. Undefined where nothing is.
   */
  pendingRow(object: ObjectSchema, rid: number): PendingRow | undefined {
    let row: { exists: boolean; set: Record<string, unknown> } | undefined;
    for (const change of this.#ownPending(object, rid)) {
      row = { exists: change.kind !== 'purge', set: { ...row?.set, ...change.set } };
    }
    return row;
  }

  /** The pending row that holds a value in a column, for unique fields. */
  pendingRidWith(object: ObjectSchema, column: string, folded: string): number | undefined {
    for (const change of this.#allPending()) {
      const value = change.object === object ? change.set[column] : undefined;
      if (value === null || value === undefined || String(value).toLowerCase() !== folded) continue;
      // A later change may have taken the value away again.
      const now = this.#valueOf(object, change.rid, column);
      if (now !== undefined && String(now).toLowerCase() === folded) return change.rid;
    }
    return undefined;
  }

  /** The values that pending changes set in a column, in lower case. */
  pendingValues(object: ObjectSchema, column: string): Set<string> {
    const values = new Set<string>();
    for (const change of this.#allPending()) {
      const value = change.object === object ? change.set[column] : undefined;
      if (value !== null && value !== undefined) values.add(String(value).toLowerCase());
    }
    return values;
  }

  /** Takes a column that is being removed out of everything pending, which then commits without it. */
  forgetColumn(object: ObjectSchema, column: string): void {
    for (const change of this.#allPending()) if (change.object === object) delete change.set[column];
  }

  /** All or nothing, for what is applied and for what is pending. */
  transaction<T>(work: () => T): T {
    const before = this.#pending.length;
    const opened = this.#open?.changes.length ?? 0;
    this.#depth++;
    try {
      return this.#storage.transaction(work);
    } catch (error) {
      if (this.#pending.length > before) this.#keep(this.#pending.slice(0, before));
      for (const change of this.#open?.changes.splice(opened) ?? []) {
        this.#locked.delete(key(change.object, change.rid));
      }
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /** Runs work on the rows as they would be with everything pending for one of them applied, and undoes all of it. */
  tried<T>(object: ObjectSchema, rid: number, work: () => T): T {
    const undone = new Error('undone');
    let result: { value: T } | undefined;
    try {
      this.#storage.transaction(() => {
        for (const change of this.#ownPending(object, rid)) {
          applyChange(this.#storage, this.#visibility, change);
        }
        result = { value: work() };
        throw undone;
      });
    } catch (error) {
      if (error !== undone) throw error;
    }
    return result!.value;
  }

  /** Forgets everything pending. */
  clear(): void {
    this.#keep([]);
  }

  #ownPending(object: ObjectSchema, rid: number): readonly Change[] {
    const late = this.#late.get(key(object, rid))?.changes ?? [];
    const own = this.#open?.changes.filter((change) => change.object === object && change.rid === rid) ?? [];
    return [...late, ...own];
  }

  /** A pending row's last value of a column; undefined where the row is going. */
  #valueOf(object: ObjectSchema, rid: number, column: string): unknown {
    let value: unknown;
    for (const change of this.#allPending()) {
      if (change.object !== object || change.rid !== rid) continue;
      if (change.kind === 'purge' || change.set.IsDeleted === 1) value = undefined;
      else if (column in change.set) value = change.set[column];
    }
    return value;
  }

  #addLate(pending: Pending & { readonly commitAtMs: number }): void {
    this.#pending.push(pending);
    for (const change of pending.changes) {
      const row = key(change.object, change.rid);
      const late = this.#late.get(row) ?? { changes: [], commitAtMs: 0 };
      late.changes.push(change);
      late.commitAtMs = pending.commitAtMs;
      this.#late.set(row, late);
    }
  }

  /** Keeps only what is still pending. */
  #keep(waiting: readonly Pending[]): void {
    this.#pending.length = 0;
    this.#late.clear();
    this.#locked.clear();
    for (const pending of waiting) {
      if (pending.commitAtMs !== undefined) {
        this.#addLate({ ...pending, commitAtMs: pending.commitAtMs });
        continue;
      }
      this.#pending.push(pending);
      for (const change of pending.changes) this.#locked.set(key(change.object, change.rid), pending);
    }
  }

  *#allPending(): Iterable<Change> {
    for (const pending of this.#pending) yield* pending.changes;
    if (this.#open) yield* this.#open.changes;
  }

  #apply(change: Change): void {
    applyChange(this.#storage, this.#visibility, change);
    this.#storage.bumpVersion();
  }

  #commit(due: (pending: Pending) => boolean): Change[] {
    const ready = this.#pending.filter(due);
    if (ready.length === 0) return [];
    const changes = ready.flatMap((pending) => pending.changes);
    this.#storage.transaction(() => {
      for (const change of changes) this.#apply(change);
    });
    this.#keep(this.#pending.filter((pending) => !ready.includes(pending)));
    return changes;
  }
}

function key(object: ObjectSchema, rid: number): string {
  return `${object.name} ${rid}`;
}
