import { leaseLost } from '../../base/lease-lost.ts';
import { assertLeased, type Fence, type WriteKind } from '../write-kinds.ts';
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
  /** What its writes are made under. */
  readonly #fences: readonly Fence[];

  constructor(disk: MemoryDisk, object: string, fences: readonly Fence[]) {
    this.#disk = disk;
    this.#object = object;
    this.#fences = fences;
  }

  read<T>(work: (state: MemoryState) => T): T {
    return work(this.#state());
  }

  /** One transaction; `work` may put other things into the state, but not change what stands in it. */
  write<T>(kind: WriteKind, work: (state: MemoryState) => T): T {
    assertLeased(kind, this.#fences);
    const state = this.#state();
    const next: MemoryState = {
      ...state,
      fields: new Map(state.fields),
      runs: new Map(state.runs),
      steps: [...state.steps],
      chunks: new Map(state.chunks),
      contacts: new Map(state.contacts),
      swept: new Map(state.swept),
      outbox: new Map(state.outbox),
      pushes: new Map(state.pushes),
      fences: new Map(state.fences),
    };
    const value = this.#fencedWork(next, work);
    refuseLost(next, this.#fences);
    for (const { name, fence } of this.#fences) next.fences.set(name, fence);
    const { identity, latestReadAt, fences, ...object } = next;
    this.#disk.org = { identity, latestReadAt, fences };
    this.#disk.objects.set(this.#object, object);
    return value;
  }

  #state(): MemoryState {
    return { ...(this.#disk.objects.get(this.#object) ?? emptyObject()), ...this.#disk.org };
  }

  /** Where it fails over what a later holder has left, that is the reason to tell. */
  #fencedWork<T>(next: MemoryState, work: (state: MemoryState) => T): T {
    try {
      return work(next);
    } catch (error) {
      refuseLost(this.#disk.org, this.#fences);
      throw error;
    }
  }
}

function refuseLost({ fences: seen }: Pick<MemoryState, 'fences'>, fences: readonly Fence[]): void {
  for (const { name, fence } of fences) {
    const highest = seen.get(name) ?? 0;
    if (highest > fence) throw leaseLost(name, { fence, seen: highest });
  }
}

/** As a store keeps it: nobody else can change it, and what JSON has no word for is gone. */
export function kept<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
