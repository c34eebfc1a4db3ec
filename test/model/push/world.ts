import { join } from 'node:path';
import { openFileLeases } from '../../../src/lease/file-leases.ts';
import { MemoryLeases } from '../../../src/lease/memory-leases.ts';
import { type BatchSizes, usualSizes } from '../../../src/sync/batch-sizes.ts';
import type { WireRequest } from '../../../src/wire/exchange.ts';
import { MachineWorld, openScene, requestMs, type Scene, storeOf } from '../machine-world.ts';
import { differences } from '../watch/compare.ts';
import { contentsOfDisk, contentsOfFile, type MirrorContents } from '../watch/mirror-contents.ts';
import type { Row } from '../watch/org.ts';
import type { Hang, Machine } from '../watch/program.ts';
import { type By, Oracle } from './oracle.ts';
import { type Entry, entriesOfDisk, entriesOfFile } from './outbox-contents.ts';
import { performAct, usualBulkLimits } from './perform-act.ts';
import type { Act, Api, Meanwhile, Step } from './steps.ts';
import type { Way } from './ways.ts';

/** How a history begins. */
export interface Beginning {
  way: Way;
  contacts: number;
  seed: number;
  /** Where the mirror, the list of orgs and the count of calls lie. */
  store: 'memory' | 'sqlite';
  /** Requests may be carried out a while after they were cut. */
  late: boolean;
  /** From where on many changes wait for a person's word; as usual, where a few are not many, unless told. */
  brake?: 'usual' | 'soon';
}

/** What was pushed with one command. */
export interface Input {
  records: Record<string, unknown>[];
  upsertField: string | null;
  allOrNone: boolean;
  api: Api;
  allowDuplicates: boolean;
  /** Nobody may push it again as the same one: its end was told, or may have been. */
  ended: boolean;
  /** Its end was told when it was queued: it is the same push only while one of its entries waits. */
  queued: boolean;
  triedAtMs: number;
  /** Whoever pushes it again meanwhile goes on with it, or comes too late and pushes new records. */
  isUnderWay: boolean;
}

type Planned = Omit<Extract<Step, { step: 'hang' }>, 'step'>;

/** By then everything that was cut is carried out. */
const latestMs = 46_000;
/** Salesforce tells for 15 days what was deleted, and what became of that after its restoring no longer either. */
const forgottenMs = 15 * 86_400_000;
/** Longer sleeps are longer than the day that is left of a key's life when it is sent last. */
const shortSleepMs = 3_600_000;

/** A push of some records goes by jobs, and takes several. */
const fewForJobs: BatchSizes = { ...usualSizes, ingestFromRows: 3, ingestJobRows: 4 };

export const soonBrake = { deletes: 1, edits: 2, editsShare: 0.1 };

/** An org, a machine with its files, two processes of the program at most, and whoever writes down what is seen. */
export class World extends MachineWorld {
  readonly beginning: Beginning;
  readonly oracle: Oracle;
  readonly inputs: Input[] = [];
  /** As they were when the org was looked at last. */
  rows: readonly Row[] = [];
  isLoggedIn = true;
  /** No other process works on what one is about to do. */
  isAlone = false;
  /** Some work has met that nobody is, so that a person knows. */
  isLoginMissed = false;
  /** Before the next request behind one that starts an ingest job. */
  behindClosing: Act[] = [];
  /** No long sleep comes now: whoever pushes the same again has a day for it. */
  staysAwake = false;
  #planned: Planned | null = null;
  #meanwhile: Meanwhile[] = [];
  #turn: Promise<void> = Promise.resolve();
  /** All that acts in the org or looks at it, one after the other. */
  /** What was deleted may have been restored and merged so long ago that nobody tells of it. */
  #isForgotten = false;
  #seen: Promise<void> = Promise.resolve();
  #sent = 0;
  /** Requests with an Idempotency-Key that are about to leave. */
  #keyed = 0;
  /** Requests that may write, and are under way. */
  #writing = 0;
  /** One was since the org was looked at. */
  #hasWritten = false;
  #hasClosed = false;
  /** What was seen to be wrong while a program was at work. */
  #fault: Error | null = null;
  /** Long sleeps that are due. */
  #sleeps: Act[] = [];
  readonly #toldOfJobs = new Set<string>();
  #tokens = 0;
  #values = 0;
  #names = 0;

  private constructor(scene: Scene, machine: Machine, beginning: Beginning) {
    super(scene, machine);
    this.beginning = beginning;
    this.oracle = new Oracle(beginning.late);
    machine.beforeSend = (request) => this.#beforeSend(request);
    machine.behindSend = (request) => this.#behindSend(request);
    machine.hangs = (request) => this.#hangs(request);
  }

  static async open(beginning: Beginning): Promise<World> {
    const { contacts, seed, store, way, brake } = beginning;
    const settings = { gzip: false, idempotency: way !== 'collection', ...usualBulkLimits };
    const scene = await openScene({ contacts, seed }, settings);
    const { dataDir } = scene.machine;
    const machine: Machine = {
      ...scene.machine,
      leases: store === 'memory' ? new MemoryLeases() : openFileLeases(join(dataDir, 'locks')),
      push: true,
      reconcileEveryMs: null,
      memory: storeOf(store, scene.clock),
      sizes: {
        ...(way === 'bulk' ? fewForJobs : usualSizes),
        ...(brake === 'soon' ? { outgoingBrake: soonBrake } : {}),
      },
    };
    const world = new World(scene, machine, beginning);
    await world.look('org');
    return world;
  }

  /** Which of the processes watches. */
  get watcher(): 0 | 1 | null {
    const at = this.processes.findIndex((program) => program?.isWatching === true);
    return at === -1 ? null : (at as 0 | 1);
  }

  nextToken(kind: 'T' | 'E'): string {
    return `${kind}${++this.#tokens}`;
  }

  /** Of what nobody has pushed. */
  nextName(): number {
    return ++this.#names;
  }

  nextValue(): string {
    this.oracle.issue(++this.#values);
    return `V${this.#values}`;
  }

  /** The same user logs in again, for whoever is started from now on; nobody else runs any more. */
  async login(): Promise<void> {
    await this.stop(0);
    await this.stop(1);
    const { username: login } = this.org.emulator;
    const session = await this.org.control<{ accessToken: string }>('sessions', { login });
    if (session === null) throw new Error(`There is no user ${login}.`);
    this.machine.accessToken = session.accessToken;
    this.isLoggedIn = true;
    this.isLoginMissed = false;
    this.count('login');
  }

  /** The next requests that match get no answer, in place of those of which that was said before; null: all get one. */
  hang(planned: Planned | null): void {
    this.#planned = planned === null ? null : { ...planned };
  }

  #hangs({ method, path }: WireRequest): Hang | null {
    const planned = this.#planned;
    if (planned === null || planned.times === 0) return null;
    if (!new RegExp(planned.match).test(`${method} ${path}`)) return null;
    planned.times--;
    this.count(`hang: ${planned.what}`);
    this.log.push(`  ${method} ${path} gets no answer, ${planned.what}`);
    return planned.what;
  }

  async act(act: Act): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#worksByItself) await this.#lookAtOwnWork();
      else if (this.#writing > 0) await this.#look('program');
      const isDone = await performAct(this, act);
      this.log.push(`${isDone ? '' : 'in vain: '}${JSON.stringify(act)}`);
      if (isDone) this.count(act.act);
      await this.#look('org');
    });
  }

  /** Whoever looks while somebody acts would take that for the program's. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const seen = this.#seen.then(work);
    this.#seen = seen.catch(() => {});
    await seen;
  }

  /** As an act. */
  async pass(ms: number): Promise<void> {
    await this.#inTurn(() => this.letPass(ms));
  }

  /** What was cut and is to be carried out later is so at its time, and not at the end of a long one. */
  async letPass(ms: number): Promise<void> {
    if (ms > forgottenMs) this.#isForgotten = true;
    const first = Math.min(ms, latestMs);
    for (const part of [first, ms - first]) {
      this.clock.pass(part);
      if (this.#worksByItself) await this.#lookAtOwnWork();
      else {
        await this.org.control('clock', { advanceMs: 0 });
        await this.#look('org');
      }
    }
  }

  /** The org works off jobs of the program's while nobody asks it anything. */
  get #worksByItself(): boolean {
    return this.beginning.way === 'bulk';
  }

  /** What is due by the org's clock, which nobody's timer moves, is done now, and seen as the program's. */
  async #lookAtOwnWork(): Promise<void> {
    await this.org.control('clock', { advanceMs: 0 });
    await this.#look('program');
  }

  /** Work of programs, and what happens in the org meanwhile. */
  async work<T>(meanwhile: readonly Meanwhile[], work: () => Promise<T>): Promise<T> {
    this.#meanwhile = [...meanwhile];
    this.#sleeps = [];
    this.#sent = 0;
    try {
      return await work();
    } finally {
      this.#meanwhile = [];
      this.behindClosing = [];
      await this.bury();
      await this.#lookBehind();
    }
  }

  async #lookBehind(): Promise<void> {
    // The program took it for an answer that never came, and went on.
    if (this.#fault !== null) throw this.#fault;
    await this.look('program');
    const entries = this.entries();
    this.oracle.note(entries);
    for (const entry of entries) this.#tellOfJob(entry);
    const { madePastRules } = this.oracle;
    if (madePastRules > 0) this.done.set('made past a duplicate rule', madePastRules);
  }

  /** Counts what jobs have come to, each entry's once. */
  #tellOfJob({ key, way, state, errors }: Entry): void {
    const isLeft = errors.some(({ code }) => code === 'BULK_JOB_FAILED');
    const what = isLeft ? 'left' : way === 'bulk' ? state : '';
    if (!['left', 'done', 'in-doubt'].includes(what) || this.#toldOfJobs.has(`${key} ${what}`)) return;
    this.#toldOfJobs.add(`${key} ${what}`);
    this.count(`job: ${what}`);
  }

  /** One after the other, where two programs send: who has done what would be anybody's guess. */
  #beforeSend({ method, headers }: WireRequest): Promise<void> {
    const keyed = 'idempotency-key' in headers ? 1 : 0;
    this.#keyed += keyed;
    const turn = this.#turn.then(async () => {
      await this.#betweenRequests().catch((error: unknown) => {
        this.#fault ??= error as Error;
        throw error;
      });
      if (method !== 'GET') this.#writing++;
    });
    this.#turn = turn
      .catch(() => {})
      .finally(() => {
        this.#keyed -= keyed;
      });
    return turn;
  }

  async #betweenRequests(): Promise<void> {
    this.#sent++;
    this.clock.pass(requestMs);
    if (this.#worksByItself) {
      await this.#inTurn(() => this.#lookAtOwnWork());
      // What a job has left goes by another way in the same work.
      if (this.machine.memory !== null) for (const entry of this.entries()) this.#tellOfJob(entry);
    } else if (this.beginning.late || this.#writing > 0 || this.#hasWritten) {
      // What was cut and is to be carried out later is due by the org's clock, which nobody's timer moves.
      if (this.beginning.late) await this.org.control('clock', { advanceMs: 0 });
      this.#hasWritten = false;
      await this.look('program');
    }
    const behind = this.#hasClosed ? this.behindClosing.splice(0) : [];
    this.#hasClosed = false;
    const due = this.#meanwhile.filter(({ before }) => before === this.#sent).map(({ act }) => act);
    for (const act of [...behind, ...due]) {
      if (act.act === 'pass' && act.ms > shortSleepMs) this.#sleeps.push(act);
      else await this.act(act);
    }
    await this.#sleep();
  }

  async #behindSend({ method, path }: WireRequest): Promise<void> {
    if (method === 'PATCH' && path.includes('/jobs/ingest/')) this.#hasClosed = true;
    if (method !== 'GET') {
      this.#writing--;
      this.#hasWritten = true;
    }
    await this.#sleep().catch((error: unknown) => {
      this.#fault ??= error as Error;
    });
  }

  /** Nobody can look at a key's age so late that no machine could sleep between that and the first byte: that is let be. */
  async #sleep(): Promise<void> {
    while (this.#keyed === 0 && !this.staysAwake) {
      const act = this.#sleeps.shift();
      if (act === undefined) return;
      await this.act(act);
    }
  }

  /** Reads the org; throws where it shows what may be so at no time. */
  async look(by: By): Promise<void> {
    await this.#inTurn(() => this.#look(by));
  }

  async #look(by: By): Promise<void> {
    this.rows = await this.org.rows();
    this.oracle.look(this.rows, by);
  }

  entries(): Entry[] {
    const { memory, url } = this.machine;
    return memory === null ? entriesOfFile(this.file) : entriesOfDisk(memory.mirrors.diskOf(url));
  }

  contents(): MirrorContents {
    const { memory, url } = this.machine;
    return memory === null ? contentsOfFile(this.file) : contentsOfDisk(memory.mirrors.diskOf(url));
  }

  /**
   * Gone contacts that no list of deletions may have named to the mirror: what was purged so long ago, and what was purged
   * before the mirror saw anything of it, for its lists may begin behind that. Such a row says that it is deleted, and has no
   * other value.
   */
  #goneUntold({ gone }: MirrorContents): string[] {
    return [...gone].flatMap(([id, { values }]) => (this.#isForgotten || values <= 1 ? [id] : []));
  }

  /** In what the mirror differs from the org. */
  differences(): string[] {
    const none = new Set<string>();
    const contents = this.contents();
    return differences(this.rows, contents, {
      rows: none,
      everHidden: none,
      everGone: null,
      everRestored: none,
      goneUnseen: new Set(this.#goneUntold(contents)),
      fields: none,
      merges: this.#isForgotten,
      deletes: true,
      lists: false,
    });
  }
}
