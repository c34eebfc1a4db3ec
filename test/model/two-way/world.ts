import Database from 'better-sqlite3';
import { MemoryLeases } from '../../../src/lease/memory-leases.ts';
import type { ConflictPolicy } from '../../../src/org/conflict-policy.ts';
import { MemoryCallLedger } from '../../../src/store/memory/memory-call-ledger.ts';
import { usualSizes } from '../../../src/sync/batch-sizes.ts';
import type { StoredMirror } from '../../../src/sync/ports/stored-mirror.ts';
import { memoryRegistry } from '../../usecases/memory-registry.ts';
import { MachineWorld, openScene, requestMs, type Scene } from '../machine-world.ts';
import { orgId, type Row } from '../watch/org.ts';
import type { Machine } from '../watch/program.ts';
import { type Entry, entriesIn } from './entries.ts';
import { keptStatement } from './kept-statement.ts';
import { Oracle } from './oracle.ts';
import { OwnPushes } from './own-pushes.ts';
import { performAct } from './perform-act.ts';
import type { Act, Meanwhile } from './steps.ts';

/** How a history begins. */
export interface Beginning {
  contacts: number;
  seed: number;
  policy: ConflictPolicy;
  /** Whether the org takes Idempotency-Keys, so that a creation may be sent again. */
  keys: boolean;
}

/** What was done to the org that nobody can read off it. */
interface Facts {
  /** Ids that sharing hides from a user, by that one's Id. */
  hidden: Map<string, Set<string>>;
  /** Fields that the administrator has added, and those that are gone again. */
  custom: string[];
  everCustom: Set<string>;
  /** Since the mirror was last compared as a whole. */
  isSharingChanged: boolean;
}

/** Two that write, and one that only reads. */
const programs = 3;
const reader = 2;

/** An org, a machine with two processes of ours at most, and other programs that have the mirror open. */
export class World extends MachineWorld {
  readonly oracle = new Oracle();
  readonly ownPushes = new OwnPushes();
  readonly facts: Facts = {
    hidden: new Map(),
    custom: [],
    everCustom: new Set(),
    isSharingChanged: false,
  };
  /** As they were when the org was looked at last. */
  rows: readonly Row[] = [];
  readonly takesKeys: boolean;
  isWriting = true;
  policy: ConflictPolicy;
  /** Whoever our processes work as. */
  userId: string;
  isAtWork = false;
  readonly #others: (Database.Database | null)[] = Array.from({ length: programs }, () => null);
  #isReading = false;
  /** There is a mirror, and programs may write to it. */
  #isWhole = false;
  #meanwhile: Meanwhile[] = [];
  #turn: Promise<void> = Promise.resolve();
  #sent = 0;
  #values = 0;
  #keys = 0;

  private constructor(scene: Scene, machine: Machine, { policy, keys }: Beginning) {
    super(scene, machine);
    this.policy = policy;
    this.takesKeys = keys;
    this.userId = this.org.emulator.userId;
    machine.beforeSend = () => this.#beforeSend();
  }

  /** With a mirror that is whole, and two-way on. */
  static async open(beginning: Beginning): Promise<World> {
    const { contacts, seed, policy, keys } = beginning;
    const scene = await openScene({ contacts, seed }, { gzip: false, idempotency: keys });
    const machine: Machine = {
      ...scene.machine,
      leases: new MemoryLeases(),
      push: true,
      reconcileEveryMs: null,
      memory: null,
      beside: { registry: memoryRegistry(), calls: new MemoryCallLedger() },
      sizes: usualSizes,
    };
    const world = new World(scene, machine, beginning);
    await world.look();
    await world.program(0).cycle();
    await world.setTwoWay();
    world.#isWhole = true;
    world.count(policy);
    return world;
  }

  nextValue(who: 'p' | 'u' | 'c'): string {
    return `${who}${++this.#values}`;
  }

  nextKey(): string {
    return `key-${++this.#keys}`;
  }

  /** Of the contact that a program has made last. */
  get lastKey(): string {
    return `key-${this.#keys}`;
  }

  /** A connection of another program, which keeps it open. */
  other(which: number): Database.Database {
    const at = which % programs;
    this.#others[at] ??= new Database(this.file);
    return this.#others[at];
  }

  /** Reading goes on in one snapshot for as long as the program likes. */
  toggleReader(): void {
    const db = this.other(reader);
    db.exec(this.#isReading ? 'COMMIT' : 'BEGIN');
    this.#isReading = !this.#isReading;
    if (this.#isReading) db.prepare('SELECT count(*) FROM contacts').get();
  }

  endReader(): void {
    if (this.#isReading) this.toggleReader();
  }

  shown(): Row[] {
    return keptStatement(this.other(0), 'SELECT * FROM contacts ORDER BY _key').all() as Row[];
  }

  entries(): Entry[] {
    return entriesIn(this.other(0));
  }

  notes(): string {
    const notes = this.other(0).prepare('SELECT note FROM run_step WHERE note IS NOT NULL').pluck().all();
    return notes.join('\n');
  }

  get hidden(): Set<string> {
    return this.facts.hidden.get(this.userId) ?? new Set();
  }

  /** What is set for the org. */
  async setTwoWay(): Promise<void> {
    await this.withMirror((mirror) => mirror.setTwoWay({ on: this.isWriting, conflicts: this.policy }));
  }

  /** What is set holds from when it is stored, whoever died over it. */
  readSettings(): void {
    const stored = this.other(0)
      .prepare("SELECT key, value FROM meta WHERE key IN ('two_way', 'conflicts')")
      .raw()
      .all();
    const { two_way: on, conflicts } = Object.fromEntries(stored as [string, string][]);
    this.isWriting = on === 'on';
    this.policy = conflicts as ConflictPolicy;
  }

  async withMirror<T>(work: (mirror: StoredMirror) => Promise<T>): Promise<T> {
    return this.clock.run(async () => {
      const { mirrors } = this.program(0).services;
      await using mirror = await mirrors.open(this.machine.url, { create: false });
      return await work(mirror);
    });
  }

  /** Somebody else logs in for this machine from now on; the mirror is told so. */
  async becomeOtherUser(): Promise<void> {
    await this.stop(0);
    await this.stop(1);
    const login =
      this.userId === this.org.emulator.userId ? 'sam@parahack.example' : this.org.emulator.username;
    const session = await this.org.control<{ accessToken: string; userId: string }>('sessions', { login });
    if (session === null) throw new Error(`${login} cannot log in.`);
    this.machine.accessToken = session.accessToken;
    this.userId = session.userId;
    this.facts.isSharingChanged = true;
    await this.withMirror((mirror) =>
      mirror.setIdentity({ orgId, userId: session.userId, instanceUrl: this.machine.url }),
    );
  }

  async act(act: Act): Promise<void> {
    const told = await performAct(this, act);
    this.log.push(
      `${this.isAtWork ? '  meanwhile: ' : ''}${told === null ? 'in vain: ' : ''}${JSON.stringify(act)} ${told ?? ''}`,
    );
    if (told !== null && act.act !== 'program') this.count(act.act);
    await this.look();
  }

  pass(ms: number): void {
    this.clock.pass(ms);
  }

  /** Work of ours, and what happens meanwhile. */
  async work<T>(meanwhile: readonly Meanwhile[], work: () => Promise<T>): Promise<T> {
    this.#meanwhile = [...meanwhile];
    this.#sent = 0;
    this.isAtWork = true;
    try {
      return await work();
    } finally {
      this.#meanwhile = [];
      this.isAtWork = false;
      await this.bury();
      await this.look();
    }
  }

  /** One after the other, where several are sent at once: who has done what would be anybody's guess. */
  #beforeSend(): Promise<void> {
    const turn = this.#turn.then(() => this.#betweenRequests());
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #betweenRequests(): Promise<void> {
    this.#sent++;
    this.clock.pass(requestMs);
    await this.look();
    const due = this.#meanwhile.filter(({ before }) => before === this.#sent);
    for (const { act } of due) await this.act(act);
  }

  async look(): Promise<void> {
    this.rows = await this.org.rows();
    this.oracle.look(this.rows);
    if (!this.#isWhole) return;
    // Both as of one moment: writes of ours go on.
    const [shown, entries] = this.other(0).transaction(() => [this.shown(), this.entries()] as const)();
    this.oracle.learn(entries);
    this.ownPushes.learn(entries);
    if (this.oracle.lookAtView(shown, entries) > 0) this.count('delete that waits for a person');
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const db of this.#others) db?.close();
    await super[Symbol.asyncDispose]();
  }
}
