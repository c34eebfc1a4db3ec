import type { Row } from '../watch/org.ts';
import type { Entry } from './outbox-contents.ts';

/** Which part of the world has done what is seen now for the first time. */
export type By = 'program' | 'org';

/** States that nothing but a person's word changes any more. */
const settled = new Set(['done', 'rejected', 'dropped']);
/** States of a create that may have made its contact. */
const mayHaveMade = new Set(['in-doubt', 'conflict', 'dropped', 'pending', 'sent', 'held']);

/** `warns`: whoever asks for it passes; `refuses`: nobody does. */
export type Rule = 'none' | 'warns' | 'refuses';

interface Known {
  value: number | null;
  isDeleted: boolean;
}

/**
 * What was pushed, and everything that was ever seen of it in the org: a record of its own, which asks the program
 * nothing. A pushed contact bears a token in `Department`, which nobody rewrites; equal contacts share one and are
 * counted. A pushed value is a number in `Title`, greater than all that were pushed before.
 */
export class Oracle {
  /** Ids of what the program has made, by token. */
  readonly #ours = new Map<string, Set<string>>();
  /** How many contacts of a token there may ever be. */
  readonly #allowed = new Map<string, number>();
  /** How many contacts of a token no entry need tell of. */
  readonly #untold = new Map<string, number>();
  /** Tokens of what was pushed by an external id. */
  readonly #upserts = new Set<string>();
  /** Contacts with a token that somebody else made, and whether with the program's login. */
  readonly #foreign = new Map<string, { token: string; own: boolean }>();
  readonly #known = new Map<string, Known>();
  /** Pushed values that came to a contact, in their order. */
  readonly #applied = new Map<string, number[]>();
  /** In which step of the history a value was pushed. */
  readonly #stepOf = new Map<number, number>();
  #step = 0;
  #madePastRules = 0;
  /** Values that a person has let out once more. */
  readonly #excused = new Set<number>();
  readonly #purged = new Set<string>();
  /** Values that wait for a person's word. */
  readonly #unapproved = new Set<number>();
  /** Keys of held entries that a person has decided about. */
  readonly #decided = new Set<string>();
  /** Values that were given up before anything was sent of them. */
  readonly #unsent = new Set<number>();
  /** Tokens of what was pushed with `--allow-duplicates`. */
  readonly #mayDouble = new Set<string>();
  /** The org's duplicate rule: how it was when the org was looked at last, and is. */
  #rule: { before: Rule; now: Rule } = { before: 'none', now: 'none' };
  #wasRuleHard = false;
  /** How often the program may delete a contact, and has. */
  readonly #deletes = new Map<string, { asked: number; done: number }>();
  readonly #entries = new Map<string, Entry>();
  /** Groups of which a person has decided about some. */
  readonly #split = new Set<string>();
  /** Requests may be carried out long after they were cut: in which order is not the program's. */
  readonly #isLate: boolean;

  constructor(isLate: boolean) {
    this.#isLate = isLate;
  }

  get entries(): Entry[] {
    return [...this.#entries.values()];
  }

  /** Contacts that a rule warned of, as `--allow-duplicates` wants. */
  get madePastRules(): number {
    return this.#madePastRules;
  }

  beginStep(): void {
    this.#step++;
  }

  /** A value that is pushed in this step. */
  issue(value: number): void {
    this.#stepOf.set(value, this.#step);
  }

  /**
   * These are pushed as new ones. `isMuch`: what of them surely waits for a person's word; `allowDuplicates`: whether rules
   * that only warn let them pass.
   */
  push(
    records: readonly Record<string, unknown>[],
    { isMuch, allowDuplicates }: { isMuch: { deletes: boolean; edits: boolean }; allowDuplicates: boolean },
  ): void {
    for (const record of records) {
      const value = pushedValue(record.Title);
      if (isMuch.edits && record.Id !== undefined && value !== null) this.#unapproved.add(value);
      const token = tokenOf(record);
      if (record.Id === undefined && token !== null) this.#allow(token);
      if (token !== null && allowDuplicates) this.#mayDouble.add(token);
      if (token !== null && record.ParaHack_Id__c !== undefined) this.#upserts.add(token);
      if (record.IsDeleted !== true || isMuch.deletes) continue;
      const id = String(record.Id);
      const { asked, done } = this.#deletes.get(id) ?? { asked: 0, done: 0 };
      this.#deletes.set(id, { asked: asked + 1, done });
    }
  }

  #allow(token: string): void {
    this.#allowed.set(token, (this.#allowed.get(token) ?? 0) + 1);
  }

  /** One more may be made that no entry tells of. */
  #risk(token: string): void {
    this.#allow(token);
    this.#untold.set(token, (this.#untold.get(token) ?? 0) + 1);
  }

  noteForeign(ids: readonly string[], token: string, own: boolean): void {
    for (const id of ids) this.#foreign.set(id, { token, own });
  }

  /** Nobody can tell any more that it was there: whoever is in doubt about it may make it anew. */
  purge(id: string): void {
    this.#purged.add(id);
    const token = [...this.#ours].find(([, ids]) => ids.has(id))?.[0];
    if (token !== undefined && this.#of(token).some(({ state }) => !settled.has(state))) this.#risk(token);
  }

  /** A person sends it once more, whatever came of it. */
  excuse({ op, changes, contactId, atomicGroup, state }: Entry): void {
    if (atomicGroup !== null) this.#split.add(atomicGroup);
    const value = pushedValue(changes.Title);
    if (value !== null) this.#excused.add(value);
    const token = tokenOf(changes);
    if (op === 'create' && token !== null && state !== 'rejected') this.#risk(token);
    const deletes = contactId === null ? undefined : this.#deletes.get(contactId);
    if (op === 'delete' && deletes !== undefined) deletes.asked++;
  }

  giveUp(entry: Entry): void {
    this.split(entry);
    this.#decided.add(entry.key);
  }

  /** A person decides about it, and not about the others of its group. */
  split({ atomicGroup }: Entry): void {
    if (atomicGroup !== null) this.#split.add(atomicGroup);
  }

  /** A person lets it go out. */
  approve({ key, op, changes, contactId }: Entry): void {
    this.#decided.add(key);
    const value = pushedValue(changes.Title);
    if (value !== null) this.#unapproved.delete(value);
    if (op !== 'delete' || contactId === null) return;
    const { asked, done } = this.#deletes.get(contactId) ?? { asked: 0, done: 0 };
    this.#deletes.set(contactId, { asked: asked + 1, done });
  }

  setRule(rule: Rule): void {
    this.#rule.now = rule;
    this.#wasRuleHard ||= rule === 'refuses';
  }

  isOurs(token: string, id: string): boolean {
    return this.#ours.get(token)?.has(id) === true;
  }

  /** Contacts of a token that no creation names; a later change of one says nothing of who made it. */
  untold(token: string): string[] {
    const told = new Set(this.entries.filter(({ op }) => op === 'create').map(({ contactId }) => contactId));
    return [...(this.#ours.get(token) ?? [])].filter((id) => !told.has(id));
  }

  /** Throws where the org shows what may be so at no time. */
  look(rows: readonly Row[], by: By): void {
    this.#lookAtRows(rows, by);
    this.#rule.before = this.#rule.now;
  }

  #lookAtRows(rows: readonly Row[], by: By): void {
    for (const row of rows) {
      const token = tokenOf(row);
      if (!this.#known.has(row.Id) && token !== null && !this.#foreign.has(row.Id))
        this.#noteMade(token, row, rows, by);
      const now: Known = { value: pushedValue(row.Title), isDeleted: row.IsDeleted };
      const before = this.#known.get(row.Id) ?? { value: null, isDeleted: false };
      this.#known.set(row.Id, now);
      if (by === 'org' && !this.#isLate) continue;
      // Beside requests that are carried out later, a deletion of ours is as good as another's.
      if ((by === 'org' || this.#isLate) && now.isDeleted && !before.isDeleted) this.#noteDeletion(token);
      if (now.isDeleted && !before.isDeleted && by === 'program') this.#noteDeleted(row.Id);
      if (now.value !== null && now.value !== before.value) this.#noteApplied(row.Id, now.value);
    }
  }

  #noteMade(token: string, row: Row, rows: readonly Row[], by: By): void {
    const { Id: id } = row;
    const ids = this.#ours.get(token) ?? new Set();
    this.#ours.set(token, ids.add(id));
    const allowed = this.#allowed.get(token) ?? 0;
    if (ids.size > allowed)
      throw new Error(`${token} was pushed ${allowed} times and exists as ${[...ids].join(', ')}.`);
    const { before, now } = this.#rule;
    if (by !== 'program' || before === 'none' || before !== now || this.#isLate) return;
    const isDouble = rows.some((other) => other.Id !== id && isEqual(row, other));
    if (!isDouble) return;
    if (now === 'refuses' || !this.#mayDouble.has(token))
      throw new Error(`${id} was made past a duplicate rule that ${now}.`);
    this.#madePastRules++;
  }

  /** An upsert that was cut, and that is carried out when its contact was deleted, meets none and makes one. */
  #noteDeletion(token: string | null): void {
    if (token !== null && this.#upserts.has(token)) this.#risk(token);
  }

  #noteDeleted(id: string): void {
    const deletes = this.#deletes.get(id) ?? { asked: 0, done: 0 };
    deletes.done++;
    this.#deletes.set(id, deletes);
    if (deletes.done > deletes.asked && !this.#isLate)
      throw new Error(`${id} was deleted ${deletes.done} times, and pushed so ${deletes.asked} times.`);
  }

  #noteApplied(id: string, value: number): void {
    if (this.#unapproved.has(value)) throw new Error(`${id}: ${value} was sent, and nobody has approved it.`);
    if (this.#unsent.has(value)) throw new Error(`${id}: ${value} was sent, and was dropped before.`);
    const applied = this.#applied.get(id) ?? [];
    this.#applied.set(id, [...applied, value]);
    if (this.#excused.has(value)) return;
    // What another wrote in between is undone by a request that is carried out late.
    if (applied.includes(value) && !this.#isLate)
      throw new Error(`${id}: the pushed value ${value} came back over another's.`);
    const later = applied.find((one) => this.#isLater(one, value) && !this.#excused.has(one));
    if (later !== undefined)
      throw new Error(`${id}: ${value} was sent behind ${later}, which was pushed later.`);
  }

  /** Which of two that are pushed at once comes first is nobody's to say. */
  #isLater(one: number, other: number): boolean {
    return (this.#stepOf.get(one) ?? 0) > (this.#stepOf.get(other) ?? 0);
  }

  /** What the outbox holds now. Throws where an entry was lost, or said something else before. */
  note(entries: readonly Entry[]): void {
    const there = new Set(entries.map(({ key }) => key));
    for (const [key, { state }] of this.#entries)
      if (!there.has(key) && !settled.has(state))
        throw new Error(`The outbox has lost ${key}, which was ${state}.`);
    for (const entry of entries) {
      const before = this.#entries.get(entry.key);
      if (before?.state === 'done' && (entry.state !== 'done' || entry.contactId !== before.contactId))
        throw new Error(
          `${entry.key} was done as ${before.contactId} and is ${entry.state} as ${entry.contactId}.`,
        );
      this.#checkWord(before, entry);
      this.#entries.set(entry.key, structuredClone(entry));
    }
  }

  #checkWord(
    before: Entry | undefined,
    { key, state, changes, attempts, errors, allowDuplicates }: Entry,
  ): void {
    if (before?.state === 'held' && state !== 'held' && !this.#decided.has(key))
      throw new Error(`${key} was held and is ${state}, and nobody has decided about it.`);
    const value = pushedValue(changes.Title);
    if (state === 'dropped' && attempts === 0 && value !== null) this.#unsent.add(value);
    const isDouble = state === 'rejected' && errors.some(({ code }) => code === 'DUPLICATES_DETECTED');
    if (isDouble && allowDuplicates && !this.#wasRuleHard)
      throw new Error(`${key} was refused by a rule that only warns, though duplicates are allowed.`);
  }

  /** What was told as made must have been seen. */
  checkTold(token: string, id: string): void {
    const foreign = this.#foreign.get(id);
    const isThere =
      this.#ours.get(token)?.has(id) === true || (foreign?.own === true && foreign.token === token);
    if (!isThere) throw new Error(`${token} was told as made as ${id}, which it is not.`);
  }

  #of(token: string): Entry[] {
    return this.entries.filter(({ op, changes }) => op === 'create' && tokenOf(changes) === token);
  }

  /** What is wrong with the outbox where nothing is to be done any more, a line each. */
  problemsAtRest(): string[] {
    const tokens = new Set(
      this.entries.map(({ changes }) => tokenOf(changes)).filter((token) => token !== null),
    );
    const problems = [...tokens].flatMap((token) => this.#problemsOf(token));
    problems.push(...this.#problemsOfStates(), ...this.#problemsOfGroups());
    return problems;
  }

  #problemsOf(token: string): string[] {
    const problems: string[] = [];
    const entries = this.#of(token);
    const ours = this.#ours.get(token) ?? new Set();
    const done = entries.filter(({ state, created }) => state === 'done' && created !== false);
    const ids = new Set(done.map(({ contactId }) => contactId as string));
    if (ids.size < done.length) problems.push(`Two entries of ${token} are done as one contact.`);
    for (const id of ids) {
      const foreign = this.#foreign.get(id);
      if (!ours.has(id) && !(foreign?.own === true && foreign.token === token))
        problems.push(`${token} is done as ${id}, which was never seen.`);
    }
    const untold = [...ours].filter((id) => !ids.has(id));
    const asForeign = [...ids].filter((id) => this.#foreign.has(id)).length;
    const open = entries.filter((entry) => this.#mayBeUntold(entry)).length;
    if (untold.length > open + asForeign + (this.#untold.get(token) ?? 0))
      problems.push(
        `${token}: ${untold.join(', ')} is there, and the outbox says ${entries.map(({ state }) => state)}.`,
      );
    // What is in conflict names its contact too.
    const named = new Set(entries.map(({ contactId }) => contactId));
    const unnamed = untold.filter((id) => !named.has(id));
    for (const { state, doubt } of entries) {
      if (state !== 'in-doubt' || doubt?.reason !== 'contacts-unexplained') continue;
      const shown = new Set(doubt.candidates.map(({ id }) => id));
      const isCut = doubt.candidatesTotal > shown.size;
      // What a person has called unsent is looked for no more.
      const isExcused = unnamed.length <= (this.#untold.get(token) ?? 0);
      const isShown = isExcused || unnamed.some((id) => shown.has(id) || this.#purged.has(id));
      if (!isCut && !isShown)
        problems.push(`${token} is in doubt, and ${unnamed.join(', ')} is no candidate.`);
    }
    return problems;
  }

  #mayBeUntold({ state, created, attempts }: Entry): boolean {
    if (mayHaveMade.has(state) || created === false) return true;
    // Refused when it was sent again, by rules that are others when its first sending is carried out at last.
    return this.#isLate && state === 'rejected' && attempts > 1;
  }

  #problemsOfStates(): string[] {
    const undecided = this.entries.filter(({ state }) => ['in-doubt', 'conflict', 'held'].includes(state));
    return this.entries.flatMap((entry) => {
      const { key, state, op, upsertField, way, doubt } = entry;
      if (state === 'sent') return [`${key} is sent at rest.`];
      if (state === 'pending' && !undecided.some((other) => keepsBack(other, entry)))
        return [`${key} waits for nothing.`];
      if (state !== 'in-doubt') return [];
      if (op !== 'create' || upsertField !== null) return [`${key}, which can be read, is in doubt at rest.`];
      if (doubt === null || doubt.reason === 'not-covered')
        return [`${key}, sent by ${way}, is in doubt at rest, and nobody has asked about it.`];
      return [];
    });
  }

  #problemsOfGroups(): string[] {
    const groups = Map.groupBy(
      this.entries.filter(({ atomicGroup }) => atomicGroup !== null && !this.#split.has(atomicGroup)),
      ({ atomicGroup }) => atomicGroup,
    );
    return [...groups].flatMap(([group, entries]) => {
      const isPart =
        entries.some(({ state }) => state === 'done') && entries.some(({ state }) => state === 'rejected');
      return isPart ? [`Of the group ${group} some are done and some refused.`] : [];
    });
  }
}

/** Whether a decision about the one may have to come before the other is sent. */
function keepsBack(undecided: Entry, waiting: Entry): boolean {
  const isSameGroup = waiting.atomicGroup !== null && undecided.atomicGroup === waiting.atomicGroup;
  return isSameGroup || undecided.seq < waiting.seq;
}

/** As the org's duplicate rules find it. */
function isEqual(row: Row, other: Row): boolean {
  const same = (name: string) => String(row[name]).toLowerCase() === String(other[name]).toLowerCase();
  return !other.IsDeleted && same('Department') && same('LastName');
}

export function tokenOf(values: Record<string, unknown>): string | null {
  const { Department: token } = values;
  return typeof token === 'string' && /^[TE]\d+$/.test(token) ? token : null;
}

/** The number of a pushed value, whatever triggers have made of its text; null where it is none. */
export function pushedValue(title: unknown): number | null {
  const number = typeof title === 'string' ? /V(\d+)$/i.exec(title)?.[1] : undefined;
  return number === undefined ? null : Number(number);
}
