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
  /** The place of the entry that had it last, by contact, field and value of an edit by SQL. */
  readonly #edits = new Map<string, number>();

  /** Throws where an edit waits for a person because of a push before it. */
  learn(entries: readonly Entry[]): void {
    for (const { seq, local, op, contactId: id, changes } of entries) {
      if (id === null || op !== 'update') continue;
      for (const [field, value] of Object.entries(JSON.parse(changes) as Record<string, string>))
        if (local === 1) this.#edits.set(`${id} ${field} ${value}`, seq);
        else this.#pushes.set(`${id} ${field} ${value}`, { seq, id, field, value });
    }
    for (const entry of entries) {
      const problem = entry.state === 'conflict' && entry.firstBase !== null ? this.#conflictOf(entry) : null;
      if (problem !== null) throw new Error(problem);
    }
  }

  #conflictOf({ seq, contactId: id, base, firstBase }: Entry): string | null {
    const [found, former] = [base, firstBase].map(
      (values) => JSON.parse(values ?? '{}') as Record<string, string | null>,
    ) as [Record<string, string | null>, Record<string, string | null>];
    for (const [field, value] of Object.entries(found)) {
      if (former[field] === undefined || former[field] === value) continue;
      const push = this.#pushes.get(`${id} ${field} ${value}`);
      if (push !== undefined && push.seq < seq && !this.#isEdit(push))
        return `${field} of ${id} is in conflict with "${value}", which was pushed before the edit`;
    }
    return null;
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
