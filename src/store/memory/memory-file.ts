import { emptyObject, emptyOrg, type MemoryState, type ObjectState, type OrgState } from './memory-state.ts';

/** What lies in one mirror: of its org, and of each object under its name. */
export class MemoryDisk {
  org: OrgState = emptyOrg();
  readonly objects = new Map<string, ObjectState>();
}

/** Holds a mirror's state as a file would, as far as it is of one object: what fails in the middle leaves nothing. */
export class MemoryFile {
  readonly #disk: MemoryDisk;
  readonly #object: string;

  constructor(disk: MemoryDisk, object: string) {
    this.#disk = disk;
    this.#object = object;
  }

  read<T>(work: (state: MemoryState) => T): T {
    return work(this.#state());
  }

  /** One transaction; `work` may put other things into the state, but not change what stands in it. */
  write<T>(work: (state: MemoryState) => T): T {
    const state = this.#state();
    const next: MemoryState = {
      ...state,
      fields: new Map(state.fields),
      runs: new Map(state.runs),
      steps: [...state.steps],
      chunks: new Map(state.chunks),
      contacts: new Map(state.contacts),
      outbox: new Map(state.outbox),
      pushes: new Map(state.pushes),
      callsByHour: new Map(state.callsByHour),
    };
    const value = work(next);
    const { identity, latestReadAt, callsByHour, reported, ...object } = next;
    this.#disk.org = { identity, latestReadAt, callsByHour, reported };
    this.#disk.objects.set(this.#object, object);
    return value;
  }

  #state(): MemoryState {
    return { ...(this.#disk.objects.get(this.#object) ?? emptyObject()), ...this.#disk.org };
  }
}

/** As a store keeps it: nobody else can change it, and what JSON has no word for is gone. */
export function kept<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
