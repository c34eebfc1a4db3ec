import type { Row } from '../watch/org.ts';
import { type Entry, isOpen } from './entries.ts';
import { type Wish, Wishes } from './wishes.ts';

/** What a user of the org has written to a field last. */
interface Theirs {
  id: string;
  field: string;
  value: string;
  /**
   * It may be written over: it came while we were at work, and between reading and writing lies the gap of one request; or
   * a push of the field waited, which asks nobody what is there.
   */
  isUnguarded: boolean;
}

const waitsForPerson: ReadonlySet<string> = new Set(['conflict', 'rejected', 'held']);

/** As triggers of the org may have rewritten it, in values and in what is told of them. */
function plain(text: string): string {
  return text.toUpperCase().replaceAll('+', '');
}

/** As a run's record tells of it. */
const dropped = (field: string, lost: string, by: string) =>
  `${field} "${lost}" from here is dropped for "${by}"`;

/** Whether a text names the value. */
function names(text: string, value: string): boolean {
  return plain(text).includes(`"${plain(value)}"`);
}

/** Whether it was given up as an edit of a contact that was merged away, for which all that the survivor has is Salesforce's. */
function isOfMerged({ state, changes, errors }: Entry, value: string): boolean {
  return state === 'dropped' && names(changes, value) && errors.includes('was merged into another one');
}

/** Whoever writes down what everybody did, and holds it against what is left. Every value is written once only. */
export class Oracle {
  readonly #wishes = new Wishes();
  readonly #theirs = new Map<string, Theirs>();
  /** Values that some contact of the org has had at any time. */
  readonly #seen = new Set<string>();
  /** Ids of the contacts that bear the key of one that a program has made. */
  readonly #made = new Map<string, Set<string>>();
  /** The keys of contacts that were gone when a person let them be made once more, by their Ids. */
  readonly #formerIds = new Map<string, string>();
  /** Keys of which a contact was made that may be told of yet: by its Idempotency-Key an org tells of one that is hidden. */
  readonly #wereMade = new Set<string>();
  /** Keys of contacts that a program has deleted since it made them. */
  readonly #deleted = new Set<string>();
  /** Places of entries that a person has given up. */
  readonly #givenUp = new Set<number>();
  /** Ids of contacts that a user has saved. */
  readonly #saved = new Set<string>();
  /** What edits have been based on at any time. */
  readonly #bases = new Set<string>();
  /** Whose values programs alone write. */
  #fields: ReadonlySet<string> = new Set();

  /** Throws where the org shows what may be so at no time. */
  look(rows: readonly Row[]): void {
    for (const row of rows) {
      for (const value of Object.values(row)) if (typeof value === 'string') this.#seen.add(plain(value));
      const key = row.Description;
      if (typeof key !== 'string' || !this.#made.has(key)) continue;
      const ids = this.#made.get(key) as Set<string>;
      if (!this.#formerIds.has(row.Id)) ids.add(row.Id);
      if (ids.size > 1) throw new Error(`${key} was made ${ids.size} times: ${[...ids].join(', ')}`);
    }
  }

  /** What the outbox tells in passing: what edits are based on, and which contact a creation is known to have made. */
  learn(entries: readonly Entry[]): void {
    for (const { base } of entries) if (base !== null) this.#bases.add(base);
    for (const { op, state, contactKey: key, contactId: id } of entries)
      if (op === 'create' && state === 'done' && id !== null && this.#formerIds.get(id) === key)
        this.#bearsAgain(id, key);
  }

  /**
   * Throws where the view does not show at once what waits for a person. Returns how many deletes do. `shown`: the rows of
   * the view.
   */
  lookAtView(shown: readonly Row[], entries: readonly Entry[]): number {
    const rows = new Map(shown.map((row) => [String(row._key), row]));
    const ofKeys = Map.groupBy(
      entries.filter((entry) => entry.local === 1 && isOpen(entry)),
      ({ contactKey }) => contactKey,
    );
    let deletes = 0;
    for (const [key, open] of ofKeys) {
      const isWaiting = open.some(({ state }) => waitsForPerson.has(state));
      const row = rows.get(key);
      if (isWaiting && row === undefined) throw new Error(`the view lacks ${key}, which waits for a person`);
      if (open.at(-1)?.op !== 'delete') continue;
      if (!isWaiting && row !== undefined) throw new Error(`the view shows ${key}, which is being deleted`);
      if (row === undefined) continue;
      deletes++;
      const { _state: state, _error: error } = row;
      if (!waitsForPerson.has(String(state)) || error === null)
        throw new Error(`the view shows the deleted ${key} as ${state}, ${error}`);
    }
    return deletes;
  }

  /** A program has made a contact. */
  insert(key: string): void {
    this.#made.set(key, new Set());
  }

  /** It was made and is gone, and a person wants it all the same. Returns what to call where the word was not taken. */
  remake(key: string): () => void {
    const former = this.#made.get(key) ?? new Set<string>();
    for (const id of former) {
      this.#formerIds.set(id, key);
      this.#wereMade.add(key);
      this.#wishes.part(key, id);
    }
    this.#made.set(key, new Set());
    return () => {
      for (const id of former) this.#bearsAgain(id, key);
    };
  }

  /** The contact that was made of it; null where none was so far. */
  madeOf(key: string): string | null {
    return [...(this.#made.get(key) ?? [])][0] ?? null;
  }

  /** Whether the key is the contact’s own, also where that was given up and came back before another was made. */
  ownsKey(key: string, id: string): boolean {
    const made = this.madeOf(key);
    return made === id || (made === null && this.#formerIds.get(id) === key);
  }

  /** What was taken for gone, or for another contact, is the one that the key is of. */
  #bearsAgain(id: string, key: string): void {
    this.#formerIds.delete(id);
    this.#made.set(key, new Set([...(this.#made.get(key) ?? []), id]));
    this.#wishes.join(key, id);
  }

  /** Of a contact that is edited by its Id, as long as the tool does not know which one it is. */
  #keyOf(by: string): string {
    for (const [key, ids] of this.#made) if (ids.has(by)) return key;
    return by;
  }

  isMade(key: string): boolean {
    return this.#made.has(key);
  }

  /** A program has set a field that showed `was`. */
  update(by: string, field: string, was: unknown, value: string): void {
    const key = this.#keyOf(by);
    // A program has seen what it writes over, also what was merged into this contact from another.
    for (const wish of this.#wishes)
      if (wish.field === field && plain(wish.edits.at(-1)!.value) === plain(String(was)) && wish.key !== key)
        this.#wishes.forget(wish);
    this.#wishes.add(key, field, { by, value });
  }

  delete(by: string): void {
    const key = this.#keyOf(by);
    this.#deleted.add(key);
    for (const wish of this.#wishes)
      if (wish.key === key || wish.edits.at(-1)!.by === by) this.#wishes.end(wish);
  }

  /** A person has pushed another value, whatever was there. Triggers go over the other fields too. */
  push(id: string, key: string, field: string): void {
    this.#saved.add(id);
    this.#theirs.delete(`${id} ${field}`);
    const wish = this.#wishes.of(key, field);
    if (wish !== undefined) this.#wishes.end(wish);
  }

  /** Triggers of the org have gone over all fields of the contact, and a user is who has changed them. */
  usersSave(id: string): void {
    this.#saved.add(id);
  }

  usersUpdate(id: string, field: string, value: string, isUnguarded: boolean): void {
    this.usersSave(id);
    this.#theirs.set(`${id} ${field}`, { id, field, value, isUnguarded });
  }

  giveUp(seqs: readonly number[]): void {
    for (const seq of seqs) this.#givenUp.add(seq);
  }

  /** What is wrong of the edits of both sides. `shown`: the rows of the view; `fields`: those that the org has. */
  problems({
    live,
    shown,
    entries,
    notes,
    fields,
  }: {
    live: ReadonlyMap<string, Row>;
    shown: readonly Row[];
    entries: readonly Entry[];
    notes: string;
    fields: ReadonlySet<string>;
  }): string[] {
    this.#fields = fields;
    const rows = new Map(shown.map((row) => [String(row._key), row]));
    return [
      ...this.#problemsOfKeys(entries),
      ...[...this.#wishes].flatMap((wish) =>
        this.#problemOf(wish, rows.get(wish.key) ?? rows.get(this.madeOf(wish.key) ?? ''), entries, notes),
      ),
      ...[...this.#theirs.values()].flatMap((theirs) => this.#problemOfTheirs(theirs, live, entries, notes)),
    ];
  }

  #problemsOfKeys(entries: readonly Entry[]): string[] {
    return [...this.#made].flatMap(([key, ids]) => {
      const creates = entries.filter(({ op, contactKey }) => op === 'create' && contactKey === key);
      const problems = [];
      if (creates.length === 0) problems.push(`no entry tells of ${key}`);
      if (ids.size === 0 && !this.#wereMade.has(key) && creates.some(({ state }) => state === 'done'))
        problems.push(`${key} is done and was never made`);
      const isGone = creates.every(
        (entry) => entry.state === 'dropped' && !this.#isExplained(entry, entries),
      );
      // A creation that was not sent and its delete cancel each other.
      if (ids.size === 0 && isGone && !this.#deleted.has(key))
        problems.push(`nothing tells why ${key} was not made`);
      return problems;
    });
  }

  /** No edit of a program is gone without a record. */
  #problemOf(wish: Wish, row: Row | undefined, entries: readonly Entry[], notes: string): string[] {
    const { key, field, edits } = wish;
    if (edits.at(-1)!.isOver) return [];
    const own = edits.map(({ value }) => value);
    const [former, value] = [own.slice(0, -1), own.at(-1)!];
    const isSaved = [key, this.madeOf(key)].some((id) => id !== null && this.#saved.has(id));
    // What a trigger has made of our value when a user saved the contact is that user's.
    const as = (text: string) => (isSaved ? text : plain(text));
    const told = as(notes);
    const ours = own.flatMap((lost) =>
      own.flatMap((by) =>
        told.includes(as(dropped(field, lost, by))) && !entries.some((entry) => isOfMerged(entry, lost))
          ? [`${field} = ${lost} of ${key} was lost to ${by}, which a program has written too`]
          : [],
      ),
    );
    if (ours.length > 0) return ours;
    const holders = entries.filter(({ changes }) => names(changes, value));
    if (holders.some((entry) => isOpen(entry) || this.#isExplained(entry, entries))) return [];
    if (names(notes, value)) return [];
    const now = row?.[field];
    if (this.#fields.has(field) && former.some((one) => plain(one) === plain(String(now))))
      return [`${field} of ${key} is ${now}, which came before ${value}`];
    if (this.#seen.has(plain(value))) return [];
    return [`nothing tells what became of ${field} = ${value} of ${key}: ${JSON.stringify(holders)}`];
  }

  /** Whether it is known why an entry was given up. */
  #isExplained({ seq, op, state, errors, contactKey }: Entry, entries: readonly Entry[]): boolean {
    if (state !== 'dropped') return false;
    if (this.#givenUp.has(seq) || errors !== '[]') return true;
    const ofContact = entries.filter((entry) => entry.contactKey === contactKey);
    // What follows a creation that was given up goes with it, and a delete cancels what comes before it.
    return ofContact.some(
      (entry) =>
        (entry.op === 'create' &&
          op !== 'create' &&
          entry.state === 'dropped' &&
          this.#isExplained(entry, entries)) ||
        (entry.op === 'delete' && entry.seq >= seq),
    );
  }

  #problemOfTheirs(
    { id, field, value, isUnguarded }: Theirs,
    live: ReadonlyMap<string, Row>,
    entries: readonly Entry[],
    notes: string,
  ): string[] {
    const row = live.get(id);
    if (
      row === undefined ||
      plain(String(row[field])) === plain(value) ||
      isUnguarded ||
      !this.#fields.has(field)
    )
      return [];
    // A program that has seen it may write another one over it: then its edit is based on it.
    const told = entries.some(({ changes, errors }) => names(changes, value) || names(errors, value));
    const isSeen = [...this.#bases].some((base) => names(base, value));
    return told || isSeen || names(notes, value)
      ? []
      : [`${field} = ${value} of ${id} was overwritten unseen`];
  }
}
