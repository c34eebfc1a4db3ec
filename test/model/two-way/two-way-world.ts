import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { CycleCompleteEvent, WatchEvent } from '../../../src/contract/watch.ts';
import { MemoryLeases } from '../../../src/lease/memory-leases.ts';
import type { ConflictPolicy } from '../../../src/org/conflict-policy.ts';
import { MemoryCallLedger } from '../../../src/store/memory/memory-call-ledger.ts';
import { mirrorPath } from '../../../src/store/sqlite/mirror-path.ts';
import { usualSizes } from '../../../src/sync/batch-sizes.ts';
import { watch } from '../../../src/usecases/watch.ts';
import { LocalDispatcher } from '../../support/local-dispatcher.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { memoryRegistry } from '../../usecases/memory-registry.ts';
import { Seeded } from '../seeded.ts';
import { Crash, type FailPoint } from '../watch/fail-points.ts';
import { Org, type Row } from '../watch/org.ts';
import { type Machine, Program } from '../watch/program.ts';

const startMs = Date.UTC(2026, 0, 31, 12, 0, 5);
const requestMs = 37;
const systemRandom = Math.random;

/** An org, one process of the program at a time, and other programs that write to its mirror. */
export class TwoWayWorld implements AsyncDisposable {
  readonly org: Org;
  readonly clock: VirtualClock;
  readonly log: string[] = [];
  readonly #machine: Machine;
  #program: Program | null = null;
  /** Another program has the mirror open all the time. */
  #other: Database.Database | null = null;
  #meanwhile: { before: number; work: () => Promise<void> }[] = [];
  #sent = 0;

  private constructor(org: Org, clock: VirtualClock, machine: Machine) {
    this.org = org;
    this.clock = clock;
    this.#machine = machine;
    machine.beforeSend = async () => {
      this.#sent++;
      clock.pass(requestMs);
      for (const { before, work } of this.#meanwhile) if (before === this.#sent) await work();
    };
  }

  /** With a mirror that is whole, and two-way on. */
  static async open(contacts: number, seed: number, conflicts: ConflictPolicy): Promise<TwoWayWorld> {
    const chance = new Seeded(seed);
    Math.random = () => chance.below(2 ** 32) / 2 ** 32;
    let dispatcher: LocalDispatcher | null = null;
    const clock = new VirtualClock(startMs, () => dispatcher?.underWay ?? null);
    const org = await Org.open(contacts, seed, { wallClock: () => clock.now() });
    dispatcher = new LocalDispatcher(org.emulator.answer);
    const { url, accessToken } = org.emulator;
    const world = new TwoWayWorld(org, clock, {
      url,
      accessToken,
      dataDir: mkdtempSync(join(tmpdir(), 'parahack-two-way-')),
      clock,
      dispatcher,
      leases: new MemoryLeases(),
      reconcileEveryMs: null,
      memory: null,
      beside: { registry: memoryRegistry(), calls: new MemoryCallLedger() },
      sizes: usualSizes,
      onStored: () => {},
      beforeSend: async () => {},
    });
    await world.cycle();
    await clock.run(async () => {
      await using mirror = await world.program.services.mirrors.open(url, { create: false });
      await mirror.setTwoWay({ on: true, conflicts });
    });
    return world;
  }

  get program(): Program {
    this.#program ??= new Program(this.#machine);
    return this.#program;
  }

  /** A cycle with its push, and what others do before its requests. */
  async cycle(
    meanwhile: readonly { before: number; work: () => Promise<void> }[] = [],
    crash: FailPoint | null = null,
  ): Promise<CycleCompleteEvent | null> {
    const { program } = this;
    if (crash !== null) program.points.plan(crash);
    this.#meanwhile = [...meanwhile];
    this.#sent = 0;
    let complete: CycleCompleteEvent | null = null;
    const options = { orgs: [], intervalMs: 60_000, push: true, reconcileEveryMs: null, once: true };
    try {
      await this.clock.run(async () => {
        const signal = new AbortController().signal;
        const onEvent = (event: WatchEvent) => {
          if (event.event === 'cycle:complete') complete = event;
        };
        await watch(program.services, options, { signal, onEvent });
      });
    } catch (error) {
      if (!(error instanceof Crash) && !program.points.isDead) throw error;
    } finally {
      this.#meanwhile = [];
      program.points.forget();
      if (program.points.isDead) {
        this.#program = null;
        await program.die();
      }
    }
    return complete;
  }

  /** What a person decides about entries. */
  async decide(
    states: readonly ('conflict' | 'rejected' | 'held')[],
    to: 'pending' | 'dropped',
  ): Promise<void> {
    await this.clock.run(async () => {
      const { mirrors } = this.program.services;
      await using mirror = await mirrors.open(this.#machine.url, { create: false });
      const keys = (await mirror.outbox.list({ states: [...states] })).map(({ key }) => key);
      await mirror.outbox.move(keys, states, to, this.clock.now());
    });
  }

  /** As another program has the mirror open. */
  sql<T = Record<string, unknown>>(statement: string, ...values: unknown[]): T[] {
    this.#other ??= new Database(mirrorPath(join(this.#machine.dataDir, 'orgs'), this.#machine.url));
    const prepared = this.#other.prepare(statement);
    if (prepared.reader) return prepared.all(...values) as T[];
    prepared.run(...values);
    return [];
  }

  async liveInOrg(): Promise<Map<string, Row>> {
    return new Map((await this.org.rows()).filter(({ IsDeleted }) => !IsDeleted).map((row) => [row.Id, row]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program?.die();
    this.#other?.close();
    await this.org.emulator.close();
    Math.random = systemRandom;
    rmSync(this.#machine.dataDir, { recursive: true, force: true });
  }
}
