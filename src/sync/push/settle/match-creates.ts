import { createHash } from 'node:crypto';
import { serverClocksMs } from '../../../org/server-clocks.ts';
import type { DoubtCandidate } from '../../ports/doubt.ts';
import type { Field } from '../../ports/field.ts';
import { keptValue, sameValue } from '../values/same-value.ts';

/** A create whose answer never came. */
export interface DoubtfulCreate {
  key: string;
  changes: Record<string, unknown>;
  /** Its contact was made from then on and before `madeBefore`, the org's time, ms since 1970. */
  madeFrom: number;
  madeBefore: number;
  /** A person gave it up while it was in doubt: its contact may be there and is nobody else's. */
  isGivenUp?: boolean;
}

/** A contact that this user made, and that no entry accounts for. */
export interface MadeContact extends DoubtCandidate {
  createdMs: number;
  values: Record<string, unknown>;
}

/**
 * What became of a create. `made`: it is this contact. `not-made`: there is no contact left that it could be. `open`: it
 * may be one of so many.
 */
export type CreateVerdict =
  | { kind: 'made'; contact: MadeContact }
  | { kind: 'not-made' }
  | { kind: 'open'; candidates: number };

type Fields = ReadonlyMap<string, Pick<Field, 'type' | 'scale' | 'picklistValues' | 'defaultedOnCreate'>>;

/** Creates of one time that set the same fields, and are all of them given up or none. */
interface Kind {
  madeFrom: number;
  madeBefore: number;
  names: readonly string[];
  isGivenUp: boolean;
  groups: Map<string, Likes>;
}

/** Creates of one kind with the same values: each may be any contact that has them. */
class Likes {
  readonly isGivenUp: boolean;
  /** How many fields they fill that the org does not fill by itself. */
  readonly filled: number;
  readonly keys: string[] = [];
  /** Contacts that have these values. */
  readonly contacts: MadeContact[] = [];
  #owned = 0;

  constructor({ isGivenUp }: Kind, filled: number) {
    this.isGivenUp = isGivenUp;
    this.filled = filled;
  }

  /** The next contact without an owner; what has one keeps having one. */
  nextFree(owners: ReadonlyMap<MadeContact, Likes>): MadeContact | undefined {
    while (this.#owned < this.contacts.length && owners.has(this.contacts[this.#owned] as MadeContact))
      this.#owned++;
    return this.contacts[this.#owned];
  }
}

/** So many contacts without an entry are kept to be shown; the others are counted. */
const keptStrangers = 200;

/**
 * Finds out which creates in doubt were made, by the contacts that are there. An entry is a contact that has all values
 * that it sent; entries with the same values are interchangeable, and no contact is taken for two. Whether an entry was
 * not made can only be said where nothing unexplained is left of its time: the org may have rewritten its values.
 * Holds no values of entries, so that very many may be in doubt. Pure.
 */
export class CreateMatcher {
  readonly #fields: Fields;
  readonly #kinds = new Map<string, Kind>();
  /** By key; null: it has a value that says nothing by itself, so that no contact is known to be its. */
  readonly #entries = new Map<string, { kind: Kind; likes: Likes | null }>();
  /** Contacts that have the values of some entry. */
  readonly #alike: { contact: MadeContact; likes: readonly Likes[] }[] = [];
  readonly #owners = new Map<MadeContact, Likes>();
  readonly #strangers: MadeContact[] = [];
  readonly #strangersOf = new Map<Kind, number>();

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  add(entry: DoubtfulCreate): void {
    const { key, changes, isGivenUp = false } = entry;
    const names = Object.keys(changes).toSorted();
    const kind = this.#kindOf(entry, names);
    const isComparable = names.every((name) => saysSomething(changes[name], this.#fields.get(name)));
    const likes = isComparable ? this.#likesOf(kind, changes) : null;
    likes?.keys.push(key);
    if (!isGivenUp) this.#entries.set(key, { kind, likes });
  }

  /** After all entries. */
  see(contact: MadeContact): void {
    const likes: Likes[] = [];
    for (const kind of this.#kinds.values()) {
      if (!isOfTime(contact, kind)) continue;
      const group = kind.groups.get(this.#valuesOf(kind.names, contact.values));
      if (group !== undefined) likes.push(group);
    }
    if (likes.length === 0) this.seeStranger(contact);
    else this.#alike.push({ contact, likes });
  }

  /** One that is taken for no entry's, whatever its values are: another may have made it. */
  seeStranger(contact: MadeContact): void {
    for (const kind of this.#kinds.values()) {
      if (isAboutTime(contact, kind)) this.#strangersOf.set(kind, (this.#strangersOf.get(kind) ?? 0) + 1);
    }
    if (this.#strangers.length < keptStrangers) this.#strangers.push(contact);
  }

  /** After all contacts, once; by key. */
  verdicts(): Map<string, CreateVerdict> {
    this.#assign();
    const made = new Map<string, CreateVerdict>();
    const counts = new Map<Likes, number>();
    for (const { contact } of this.#alike) {
      const owner = this.#owners.get(contact);
      if (owner === undefined) {
        this.seeStranger(contact);
        continue;
      }
      const at = counts.get(owner) ?? 0;
      counts.set(owner, at + 1);
      if (!owner.isGivenUp) made.set(owner.keys[at] as string, { kind: 'made', contact });
    }
    const untold = new Map<Likes, number>();
    const verdicts = new Map<string, CreateVerdict>();
    for (const [key, { kind, likes }] of this.#entries) {
      const own = made.get(key);
      if (own === undefined && likes !== null && !untold.has(likes))
        untold.set(likes, this.#untold(likes).length);
      const candidates = (likes === null ? 0 : (untold.get(likes) ?? 0)) + (this.#strangersOf.get(kind) ?? 0);
      const other: CreateVerdict = candidates === 0 ? { kind: 'not-made' } : { kind: 'open', candidates };
      verdicts.set(key, own ?? other);
    }
    return verdicts;
  }

  /** Those that an entry may be, the likeliest first; only the first of very many are kept. After `verdicts`. */
  candidates(key: string, changes: Record<string, unknown>): MadeContact[] {
    const entry = this.#entries.get(key);
    if (entry === undefined) return [];
    const names = Object.keys(changes);
    const likenessOf = ({ values }: MadeContact) =>
      names.filter((name) => sameValue(changes[name], values[name], this.#fields.get(name))).length;
    const strangers = this.#strangers
      .filter((contact) => isAboutTime(contact, entry.kind))
      .map((contact) => ({ contact, likeness: likenessOf(contact) }))
      .toSorted((a, b) => b.likeness - a.likeness);
    const untold = entry.likes === null ? [] : this.#untold(entry.likes);
    return [...untold, ...strangers.map(({ contact }) => contact)];
  }

  #kindOf({ madeFrom, madeBefore, isGivenUp = false }: DoubtfulCreate, names: readonly string[]): Kind {
    const id = JSON.stringify([madeFrom, madeBefore, isGivenUp, names]);
    const known = this.#kinds.get(id);
    if (known !== undefined) return known;
    const kind: Kind = { madeFrom, madeBefore, isGivenUp, names, groups: new Map() };
    this.#kinds.set(id, kind);
    return kind;
  }

  #likesOf(kind: Kind, changes: Record<string, unknown>): Likes {
    const values = this.#valuesOf(kind.names, changes);
    const filled = () => kind.names.filter((name) => this.#isFilled(name, changes[name])).length;
    const likes = kind.groups.get(values) ?? new Likes(kind, filled());
    kind.groups.set(values, likes);
    return likes;
  }

  /** Whether it tells an entry from those that say nothing of the field. */
  #isFilled(name: string, value: unknown): boolean {
    const field = this.#fields.get(name);
    const byItself = field?.defaultedOnCreate === true || name === 'OwnerId' || name === 'RecordTypeId';
    return !byItself && keptValue(value, field) !== null;
  }

  #valuesOf(names: readonly string[], values: Record<string, unknown>): string {
    const normal = names.map((name) => keptValue(values[name], this.#fields.get(name)));
    return createHash('sha256').update(JSON.stringify(normal)).digest('base64');
  }

  /**
   * Finds as many entries as can be a contact of their values, the living ones first. Those that were given up take
   * theirs before the others: what they may be is not surely another's. Those that say more take theirs before those that
   * say less: what only the lesser was given is not what the others asked for, while what these get has all that a lesser one
   * asks for.
   */
  #assign(): void {
    const order = { live: 0, merged: 1, deleted: 2 };
    const rank = ({ gone }: MadeContact) => order[gone ?? 'live'];
    this.#alike.sort(
      (a, b) => rank(a.contact) - rank(b.contact) || a.contact.createdMs - b.contact.createdMs,
    );
    for (const { contact, likes } of this.#alike) for (const each of likes) each.contacts.push(contact);
    const groups = [...this.#kinds.values()].flatMap((kind) => [...kind.groups.values()]);
    groups.sort((a, b) => Number(b.isGivenUp) - Number(a.isGivenUp) || b.filled - a.filled);
    for (const likes of groups)
      for (const _key of likes.keys) if (!this.#takeOne(likes, new Set([likes]))) break;
  }

  /** One more contact for an entry of these values, where need be by giving others another one. */
  #takeOne(likes: Likes, tried: Set<Likes>): boolean {
    const free = likes.nextFree(this.#owners);
    if (free !== undefined) {
      this.#owners.set(free, likes);
      return true;
    }
    for (const contact of likes.contacts) {
      const owner = this.#owners.get(contact);
      if (owner === undefined || tried.has(owner)) continue;
      tried.add(owner);
      if (!this.#takeOne(owner, tried)) continue;
      this.#owners.set(contact, likes);
      return true;
    }
    return false;
  }

  /** Contacts that were left to given-up entries and may be one of these values in their place. */
  #untold(likes: Likes): MadeContact[] {
    const untold = new Set<MadeContact>();
    const reached = new Set([likes]);
    for (const each of reached) {
      for (const contact of each.contacts) {
        const owner = this.#owners.get(contact);
        if (owner === undefined) continue;
        if (owner.isGivenUp) untold.add(contact);
        else reached.add(owner);
      }
    }
    return [...untold];
  }
}

function isOfTime({ createdMs }: MadeContact, { madeFrom, madeBefore }: Kind): boolean {
  return createdMs >= madeFrom && createdMs < madeBefore;
}

/** Whether it may be of that time, by whatever clock: it is then nobody's for sure, and stands in the way of a repeat. */
function isAboutTime({ createdMs }: MadeContact, { madeFrom, madeBefore }: Kind): boolean {
  return createdMs >= madeFrom - serverClocksMs && createdMs < madeBefore;
}

/** Nested values, masked ones and those of a field that this user cannot read say nothing by themselves. */
function saysSomething(value: unknown, field: Pick<Field, 'type'> | undefined): boolean {
  if (field === undefined || field.type === 'encryptedstring') return false;
  return typeof value !== 'object' || value === null;
}
