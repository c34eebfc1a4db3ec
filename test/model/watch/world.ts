import { join } from 'node:path';
import { openFileLeases } from '../../../src/lease/file-leases.ts';
import { MemoryLeases } from '../../../src/lease/memory-leases.ts';
import { SqliteCallLedger } from '../../../src/store/sqlite/calls/sqlite-call-ledger.ts';
import { type BatchSizes, usualSizes } from '../../../src/sync/batch-sizes.ts';
import { spanAt } from '../../../src/sync/budget/call-slots.ts';
import { ledgerIdOf } from '../../../src/sync/budget/ledger-id.ts';
import { MachineWorld, openScene, requestMs, type Scene, storeOf } from '../machine-world.ts';
import type { Act, ActKind } from './acts.ts';
import { differences } from './compare.ts';
import { CursorWatch } from './cursor-watch.ts';
import {
  askedOfDisk,
  askedOfFile,
  contentsOfDisk,
  contentsOfFile,
  cursorsOfDisk,
  cursorsOfFile,
  type MirrorContents,
} from './mirror-contents.ts';
import { type Org, orgId, type Row } from './org.ts';
import { perform } from './perform-act.ts';
import type { Machine } from './program.ts';

/** How a history begins, and what it may hold. */
export interface Beginning {
  contacts: number;
  seed: number;
  /** Where the leases lie: in memory costs a tenth. */
  leases: 'memory' | 'file';
  /** Where the mirrors, the list of orgs and the count of calls lie. */
  store: 'memory' | 'sqlite';
  /** Between two comparisons that a watch makes for no other reason; null: none. */
  reconcileEveryMs: number | null;
  /** How much is asked for at once: in small pieces a few contacts make as many pages as a million. */
  sizes: 'usual' | 'small';
  /** Whether answers are compressed, as long ones are by default. */
  gzip: boolean;
}

/** What is known of the org from what was done to it. */
export interface Facts {
  /** Ids that live, also what an open transaction holds. */
  live: string[];
  /** Ids in the recycle bin. */
  bin: string[];
  /** Ids that sharing hides. */
  hidden: Set<string>;
  everHidden: Set<string>;
  /** Ids that were deleted or merged at any time. */
  everGone: Set<string>;
  /** Ids whose last deletion or merge came while sharing hid them, so that Salesforce told nobody of it. */
  goneUnseen: Set<string>;
  /** Ids that came back from the recycle bin at any time. */
  everRestored: Set<string>;
  /** Ids of the accounts that contacts belong to. */
  accounts: string[];
  hiddenFields: Set<string>;
  /** Types of the fields that were added. */
  custom: Map<string, string>;
  /** `NAME TYPE` of each that ever was. */
  everOfType: Set<string>;
  /** Whether `MasterRecordId` was hidden at any time. */
  mergesWithheld: boolean;
  inTransaction: boolean;
  /** What `passedMs` was when the open one began. */
  transactionSinceMs: number;
  /** Others may have used up the org's API requests of the day. */
  isBusy: boolean;
  /** Others have used API requests of the org, or a request left long after it was counted, as where a machine slept. */
  areCallsUnsure: boolean;
  /** So many answers at most have told a wrong time. */
  wrongTimes: number;
  /** How long the clock was moved on in all, ms. */
  passedMs: number;
  /** Deletions were forgotten, or more were asked for than an answer holds. */
  deletesUntold: boolean;
  /** Lists came that do not say how far they tell. */
  listsVague: boolean;
  /** How often sharing or formulas changed, which no stamp tells of. */
  unstampedChanges: number;
  /** How many of these the mirror surely knows: those before the beginning of what was last read as a whole. */
  knownChanges: number;
  /** How many there were when a copy was begun that may lie beside the mirror still; null where none does. */
  changesBeforeCopy: number | null;
  /** How many copies have taken the mirror's place. */
  copiesTaken: number;
  /** How late the org's writes are committed, ms. */
  lagMs: number;
  /** When the last new name of an account is committed, by the org's clock: until then nobody can read it, ms. */
  renamedAtMs: number;
}

/** Of an org in which these live, and nothing was done so far. */
export function factsOf(rows: readonly Row[]): Facts {
  const accounts = rows.map(({ AccountId }) => AccountId).filter((id) => typeof id === 'string');
  return {
    live: rows.map(({ Id }) => Id),
    accounts: [...new Set(accounts)],
    bin: [],
    hidden: new Set(),
    everHidden: new Set(),
    everGone: new Set(),
    goneUnseen: new Set(),
    everRestored: new Set(),
    hiddenFields: new Set(),
    custom: new Map(),
    everOfType: new Set(),
    mergesWithheld: false,
    inTransaction: false,
    transactionSinceMs: 0,
    isBusy: false,
    areCallsUnsure: false,
    wrongTimes: 0,
    passedMs: 0,
    deletesUntold: false,
    listsVague: false,
    unstampedChanges: 0,
    knownChanges: 0,
    changesBeforeCopy: null,
    copiesTaken: 0,
    lagMs: 0,
    renamedAtMs: 0,
  };
}

/** Something that happens while a program works: before one of its requests leaves. */
export interface Meanwhile {
  /** Before which request from the beginning of the work, from 1. */
  before: number;
  act: Act;
}

const smallSizes: BatchSizes = {
  keyPageRows: 3,
  retrieveRows: 3,
  bulkAboveIds: 7,
  bulkAboveRecords: 25,
  bulkSpanRows: 12,
  mostStampedIds: 5,
  rowsPerPass: 4,
  ingestFromRows: 10_000,
  outgoingBrake: usualSizes.outgoingBrake,
  ingestJobRows: 50_000,
};

/** Deletions are told for fifteen days. */
const surelyToldMs = 13 * 86_400_000;

/** What acts in an org need of it. */
export interface Stage {
  org: Org;
  facts: Facts;
  clock: { pass(ms: number): void };
}

/** An org, a machine with its files, and two processes of the program at most. */
export class World extends MachineWorld implements Stage {
  readonly facts: Facts;
  readonly #cursors = new CursorWatch();
  /** The org's clock less the machine's, ms. */
  #orgAheadMs = 0;
  #meanwhile: Meanwhile[] = [];
  #acted: Promise<void> = Promise.resolve();
  #isAtWork = false;
  #sent = 0;

  private constructor(scene: Scene, machine: Machine, rows: readonly Row[]) {
    super(scene, machine);
    machine.beforeSend = () => this.#beforeSend();
    machine.onStored = (what) => (what === 'swap' ? this.#noteSwap() : this.#lookAtCursors());
    this.facts = factsOf(rows);
  }

  static async open({
    contacts,
    seed,
    leases,
    store,
    reconcileEveryMs,
    sizes,
    gzip,
  }: Beginning): Promise<World> {
    const scene = await openScene({ contacts, seed }, { gzip });
    const { dataDir } = scene.machine;
    const machine: Machine = {
      ...scene.machine,
      leases: leases === 'file' ? openFileLeases(join(dataDir, 'locks')) : new MemoryLeases(),
      reconcileEveryMs,
      memory: storeOf(store, scene.clock),
      sizes: sizes === 'small' ? smallSizes : usualSizes,
    };
    return new World(scene, machine, await scene.org.rows());
  }

  /** Whether both processes are there. */
  get isShared(): boolean {
    return this.processes.every((program) => program !== null);
  }

  get isWatching(): boolean {
    return this.processes.some((program) => program?.isWatching === true);
  }

  async act(act: Act): Promise<void> {
    this.facts.areCallsUnsure ||= act.act === 'pass' && this.#isAtWork;
    const isDone = await perform(this, act);
    this.log.push(`${isDone ? '' : 'in vain: '}${JSON.stringify(act)}`);
    if (isDone) this.count(act.act satisfies ActKind);
  }

  /** Work of programs, and what happens in the org meanwhile. */
  async work<T>(meanwhile: readonly Meanwhile[], work: () => Promise<T>): Promise<T> {
    this.#meanwhile = [...meanwhile];
    this.#isAtWork = true;
    this.#sent = 0;
    try {
      return await work();
    } finally {
      this.#meanwhile = [];
      this.#isAtWork = false;
      await this.bury();
    }
  }

  /** Acts one after the other, where requests are sent at once: each must know what the one before it has done. */
  async #beforeSend(): Promise<void> {
    this.#sent++;
    this.clock.pass(requestMs);
    const due = this.#meanwhile.filter(({ before }) => before === this.#sent);
    for (const { act } of due) {
      const acted = this.#acted.then(() => this.act(act));
      this.#acted = acted.catch(() => {});
      await acted;
    }
  }

  contents(): MirrorContents {
    const { memory, url } = this.machine;
    return memory === null ? contentsOfFile(this.file) : contentsOfDisk(memory.mirrors.diskOf(url));
  }

  /** A copy knows no change since it was begun, whatever the mirror whose place it takes knew. */
  #noteSwap(): void {
    const { facts } = this;
    this.#cursors.forget();
    facts.copiesTaken++;
    facts.knownChanges = Math.min(facts.knownChanges, facts.changesBeforeCopy ?? facts.knownChanges);
  }

  #lookAtCursors(): void {
    const { memory, url, clock } = this.machine;
    const cursors = memory === null ? cursorsOfFile(this.file) : cursorsOfDisk(memory.mirrors.diskOf(url));
    this.#cursors.look(cursors, clock.now() + this.#orgAheadMs);
  }

  /** Throws where something was so since the last look that may be so at no time. */
  async assertSound(): Promise<void> {
    this.#orgAheadMs = (await this.org.now()) - this.clock.now();
    const { problem } = this.#cursors;
    if (problem !== null) throw new Error(problem);
  }

  /** Whether a reconcile without the brake was left to whoever holds the org, and is still to be made. */
  get isBrakeToBeLifted(): boolean {
    const { memory, url } = this.machine;
    const asked = memory === null ? askedOfFile(this.file) : askedOfDisk(memory.mirrors.diskOf(url));
    return asked.some(({ force, dryRun, state }) => force && !dryRun && state !== 'ended');
  }

  /** Whether the mirror holds none any more of these, each of which sharing hides and nobody has deleted. */
  isEmptiedUntold(before: readonly string[]): boolean {
    const { hidden, everGone } = this.facts;
    return this.contents().live.size === 0 && before.every((id) => hidden.has(id) && !everGone.has(id));
  }

  /** Throws where the org has counted more requests of this machine than the machine has. */
  async lookAtCalls(): Promise<void> {
    const { memory, dataDir, clock } = this.machine;
    if (this.facts.areCallsUnsure) return;
    const ledger = memory?.calls ?? new SqliteCallLedger(dataDir);
    const counted = await ledger.callsOf(ledgerIdOf(orgId), spanAt(clock.now()));
    if (memory === null) await ledger[Symbol.asyncDispose]();
    const own = counted.reduce((sum, slot) => sum + slot.calls, 0);
    const used = await this.org.requestsUsed();
    if (used > own) throw new Error(`The org counts ${used} requests of the day, and this machine ${own}.`);
  }

  /** In what the mirror differs from what the user may see. */
  async differences(mirror: MirrorContents): Promise<string[]> {
    const { hidden: rows, hiddenFields: fields, mergesWithheld: merges } = this.facts;
    const { everHidden, everGone, everRestored, goneUnseen } = this.facts;
    const deletes = this.mayDeletesBeUntold;
    return differences(await this.org.rows(), mirror, {
      rows,
      everHidden,
      everGone,
      everRestored,
      goneUnseen,
      fields,
      merges,
      deletes,
      lists: this.facts.listsVague,
    });
  }

  /** How many changes of sharing and formulas whoever begins to read all now surely knows: no name that is still to be committed. */
  get changesToBeRead(): number {
    const { renamedAtMs, knownChanges, unstampedChanges } = this.facts;
    const isRenamedLate = this.clock.now() + this.#orgAheadMs < renamedAtMs;
    return isRenamedLate ? knownChanges : unstampedChanges;
  }

  /** Whether the org may have ceased to tell of a deletion before the mirror heard of it. */
  get mayDeletesBeUntold(): boolean {
    return this.facts.deletesUntold || this.facts.passedMs > surelyToldMs;
  }
}
