/** What a program has written to a field. */
interface Edit {
  /** Its place among all edits. */
  at: number;
  /** The key of the row that was written: the Id of the contact, where the tool did not know yet which one it is. */
  by: string;
  value: string;
  /** A delete by a program, or a push of another value, came after it. */
  isOver: boolean;
}

/** What programs have written to a field of a contact by its key. */
export interface Wish {
  key: string;
  field: string;
  /** In their order, and none of them taken back since: the last one holds, and none before may come after it. */
  edits: Edit[];
}

/** The values that programs want, by contact and field. */
export class Wishes {
  readonly #all = new Map<string, Wish>();
  #edits = 0;

  [Symbol.iterator](): Iterator<Wish> {
    return this.#all.values();
  }

  of(key: string, field: string): Wish | undefined {
    return this.#all.get(`${key} ${field}`);
  }

  add(key: string, field: string, { by, value }: Pick<Edit, 'by' | 'value'>): void {
    const former = (this.of(key, field)?.edits ?? []).filter((edit) => edit.value !== value);
    this.#put({ key, field, edits: [...former, { at: ++this.#edits, by, value, isOver: false }] });
  }

  end(wish: Wish): void {
    for (const edit of wish.edits) edit.isOver = true;
  }

  forget({ key, field }: Wish): void {
    this.#all.delete(`${key} ${field}`);
  }

  /** What was written by the Id was of another contact than the one that bears the key from now on. */
  part(key: string, id: string): void {
    for (const wish of [...this]) {
      if (wish.key !== key || !wish.edits.some(({ by }) => by === id)) continue;
      this.forget(wish);
      for (const [own, isOwn] of [[key, false] as const, [id, true] as const]) {
        const edits = wish.edits.filter(({ by }) => (by === id) === isOwn);
        if (edits.length > 0) this.#put({ ...wish, key: own, edits });
      }
    }
  }

  /** What was written by the Id was of the contact that bears the key. */
  join(key: string, id: string): void {
    for (const wish of [...this]) {
      if (wish.key !== id) continue;
      this.forget(wish);
      const edits = [...(this.of(key, wish.field)?.edits ?? []), ...wish.edits];
      this.#put({ ...wish, key, edits: edits.toSorted((a, b) => a.at - b.at) });
    }
  }

  #put(wish: Wish): void {
    this.#all.set(`${wish.key} ${wish.field}`, wish);
  }
}
