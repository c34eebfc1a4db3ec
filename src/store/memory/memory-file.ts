import { emptyState, type MemoryState } from './memory-state.ts';

/** Holds a mirror's state as a file would: what fails in the middle leaves nothing. */
export class MemoryFile {
  #state: MemoryState = emptyState();

  read<T>(work: (state: MemoryState) => T): T {
    return work(this.#state);
  }

  /** One transaction; `work` may put other things into the state, but not change what stands in it. */
  write<T>(work: (state: MemoryState) => T): T {
    const next: MemoryState = {
      ...this.#state,
      fields: new Map(this.#state.fields),
      runs: new Map(this.#state.runs),
      steps: [...this.#state.steps],
      chunks: new Map(this.#state.chunks),
      contacts: new Map(this.#state.contacts),
      outbox: new Map(this.#state.outbox),
      pushes: new Map(this.#state.pushes),
      callsByHour: new Map(this.#state.callsByHour),
    };
    const value = work(next);
    this.#state = next;
    return value;
  }
}

/** As a store keeps it: nobody else can change it, and what JSON has no word for is gone. */
export function kept<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
