import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryCallLedger } from '../../src/store/memory/memory-call-ledger.ts';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { LocalDispatcher } from '../support/local-dispatcher.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { MemoryMirrors } from '../usecases/memory-mirrors.ts';
import { memoryRegistry } from '../usecases/memory-registry.ts';
import { Seeded } from './seeded.ts';
import { Org } from './watch/org.ts';
import { type Machine, Program } from './watch/program.ts';

/** Early in a minute; the clock moves with every request. */
const startMs = Date.UTC(2026, 0, 31, 12, 0, 5);
export const requestMs = 37;
const systemRandom = Math.random;

/** What a history begins with, and a machine that nothing runs on yet. */
export interface Scene {
  org: Org;
  clock: VirtualClock;
  /** Where it has its files, and how it meets the org. */
  machine: Pick<
    Machine,
    'url' | 'accessToken' | 'dataDir' | 'clock' | 'dispatcher' | 'onStored' | 'beforeSend'
  >;
}

/** An org by a clock of its own, whose time and chance go the same way for each seed. The world that is made of it closes it. */
export async function openScene(
  { contacts, seed }: { contacts: number; seed: number },
  settings: object,
): Promise<Scene> {
  const chance = new Seeded(seed);
  // The jitter of waits decides what meets what: so that a history goes the same way each time.
  Math.random = () => chance.below(2 ** 32) / 2 ** 32;
  let dispatcher: LocalDispatcher | null = null;
  const clock = new VirtualClock(startMs, () => dispatcher?.underWay ?? null);
  const org = await Org.open(contacts, seed, { wallClock: () => clock.now() });
  dispatcher = new LocalDispatcher(org.emulator.answer);
  await org.control('settings', settings);
  const { url, accessToken } = org.emulator;
  const dataDir = mkdtempSync(join(tmpdir(), 'parahack-sync-model-'));
  const hooks = { onStored: () => {}, beforeSend: async () => {} };
  return { org, clock, machine: { url, accessToken, dataDir, clock, dispatcher, ...hooks } };
}

/** Where the mirror, the list of orgs and the count of calls lie. */
export function storeOf(store: 'memory' | 'sqlite', clock: VirtualClock): Machine['memory'] {
  if (store === 'sqlite') return null;
  const mirrors = new MemoryMirrors(clock.forProcess(() => {}));
  return { mirrors, registry: memoryRegistry(), calls: new MemoryCallLedger() };
}

/** An org, a machine with its files, and two processes of the program at most. */
export abstract class MachineWorld implements AsyncDisposable {
  readonly org: Org;
  readonly clock: VirtualClock;
  /** How often what was done, by its kind; what could not be done is not counted. */
  readonly done = new Map<string, number>();
  readonly log: string[] = [];
  protected readonly machine: Machine;
  protected readonly processes: (Program | null)[] = [null, null];

  protected constructor({ org, clock }: Scene, machine: Machine) {
    this.org = org;
    this.clock = clock;
    this.machine = machine;
  }

  /** The first process, or the one beside it; started where it does not run. */
  program(which: 0 | 1): Program {
    this.processes[which] ??= new Program(this.machine);
    return this.processes[which];
  }

  /** Whether it ran. */
  async stop(which: 0 | 1): Promise<boolean> {
    const program = this.#leave(which);
    await program?.stop();
    return program !== null;
  }

  /** Whether it ran. */
  async kill(which: 0 | 1): Promise<boolean> {
    const program = this.#leave(which);
    await program?.die();
    return program !== null;
  }

  #leave(which: 0 | 1): Program | null {
    const program = this.processes[which] ?? null;
    this.processes[which] = null;
    return program;
  }

  /** Whoever died in its work is cleared away, as the system does it. */
  async bury(): Promise<void> {
    for (const which of [0, 1] as const) {
      if (!this.processes[which]?.points.isDead) continue;
      this.count('crash');
      await this.kill(which);
    }
  }

  count(kind: string): void {
    this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
  }

  /** The mirror, where it lies in a file. */
  protected get file(): string {
    return mirrorPath(join(this.machine.dataDir, 'orgs'), this.machine.url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill(0);
    await this.kill(1);
    await this.org.emulator.close();
    Math.random = systemRandom;
    rmSync(this.machine.dataDir, { recursive: true, force: true });
  }
}
