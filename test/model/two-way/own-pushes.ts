import type { Entry } from './entries.ts';

interface Pushed {
  seq: number;
  id: string;
  field: string;
  value: string;
}

/**
 * A push is no change by others: no edit of a program that came after it is in conflict with it. Every value that is pushed is
 * pushed once only.
 */
export class OwnPushes {
  readonly #pushes = new Map<string, Pushed>();
  /**
   * The place of the entry that had it first, by contact, field and value of an edit by SQL: what was refused is taken along by
   * later ones.
   */
  readonly #edits = new Map<string, number>();
  /** The contact of an entry when it was made, which may have been merged into another since, by the entry's place. */
  readonly #contacts = new Map<number, string>();

  /** Throws where an edit waits for a person, or a delete is given up, because of a push before it. */
  learn(entries: readonly Entry[]): void {
    for (const { seq, local, op, contactId, changes } of entries) {
      if (contactId === null) continue;
      const id = this.#contacts.get(seq) ?? contactId;
      this.#contacts.set(seq, id);
      // An upsert is a creation, of whatever contact there is.
      if (op === 'delete' || (local === 1 && op === 'create')) continue;
      for (const [field, value] of Object.entries(JSON.parse(changes) as Record<string, string>))
        if (local === 1) this.#noteEdit(`${id} ${field} ${value}`, seq);
        else this.#pushes.set(`${id} ${field} ${value}`, { seq, id, field, value });
    }
    for (const entry of entries) {
      // Whoever wrote to a contact that was merged away has not seen the other one.
      if (this.#contacts.get(entry.seq) !== entry.contactId) continue;
      const problem = entry.op === 'delete' ? this.#deleteOf(entry) : this.#conflictOf(entry);
      if (problem !== null) throw new Error(problem);
    }
  }

  #noteEdit(what: string, seq: number): void {
    if (!this.#edits.has(what)) this.#edits.set(what, seq);
  }

  /** Its errors tell what Salesforce was found to have. */
  #deleteOf({ seq, local, contactId: id, errors, base, firstBase }: Entry): string | null {
    // What is deleted before its creation is read back does not say what it found (docs/two-way.md).
    const isKnown = (firstBase ?? base ?? '{}') !== '{}';
    if (local === 0 || errors === '[]' || !isKnown) return null;
    const told = (JSON.parse(errors) as { message: string }[]).map(({ message }) => message).join('\n');
    for (const push of this.#pushes.values()) {
      const isTold = push.id === id && told.includes(`${push.field} is "${push.value}"`);
      if (isTold && push.seq < seq && !this.#isEdit(push))
        return `the delete of ${id} is in conflict with "${push.value}", which was pushed before it`;
    }
    return null;
  }

  /** Its errors name the fields that are in conflict, and its base has what Salesforce was found to have. */
  #conflictOf({ seq, contactId: id, state, changes, base, firstBase, errors }: Entry): string | null {
    if (state !== 'conflict' || firstBase === null) return null;
    const found = JSON.parse(base ?? '{}') as Record<string, string | null>;
    const former = JSON.parse(firstBase) as Record<string, string | null>;
    // Where the contact was gone, no value is in the way.
    if ('IsDeleted' in found) return null;
    const disputed = new Set((JSON.parse(errors) as { fields: string[] }[]).flatMap(({ fields }) => fields));
    const problems = Object.entries(found).flatMap(([field, value]) => {
      if (former[field] === undefined || !disputed.has(field)) return [];
      const push = this.#pushes.get(`${id} ${field} ${value}`);
      const mine = (JSON.parse(changes) as Record<string, unknown>)[field];
      const editedAt = this.#edits.get(`${id} ${field} ${mine}`) ?? seq;
      const isOwn = push !== undefined && push.seq < editedAt && !this.#isEdit(push);
      if (isOwn)
        return [`${field} of ${id} is in conflict with "${value}", which was pushed before the edit`];
      return value === former[field] ? [] : [null];
    });
    // Where the answer was lost and somebody has changed the contact since, all fields that are not as sent are in conflict.
    if (errors.includes('changed in Salesforce after it was sent') && problems.includes(null)) return null;
    return problems.find((problem) => problem !== null) ?? null;
  }

  /** Of what runs tell of conflicts. */
  problems(notes: string): string[] {
    return [...this.#pushes.values()].flatMap((push) => {
      const { seq, id, field, value } = push;
      if (this.#isEdit(push)) return [];
      const lines = notes.split('\n').filter((line) => line.startsWith(`${id}:`));
      return lines.flatMap((line) => {
        for (const [, lost] of line.matchAll(
          new RegExp(`${field} "([^"]*)" from here is dropped for "${value}"`, 'g'),
        )) {
          if ((this.#edits.get(`${id} ${field} ${lost}`) ?? 0) > seq)
            return [`${field} = ${lost} of ${id} was lost to ${value}, which was pushed before it`];
        }
        return [];
      });
    });
  }

  /** A program has set it back to what was pushed. */
  #isEdit({ id, field, value }: Pushed): boolean {
    return this.#edits.has(`${id} ${field} ${value}`);
  }
}
