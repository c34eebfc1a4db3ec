import { join } from 'node:path';
import { isAbort } from '../../../src/base/abort.ts';
import type { Clock } from '../../../src/base/clock.ts';
import { isAppError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { Services } from '../../../src/compose/services.ts';
import { readConfig } from '../../../src/config/read-config.ts';
import type { BackfillItem, BackfillOptions } from '../../../src/contract/backfill.ts';
import type { ReconcileItem } from '../../../src/contract/reconcile.ts';
import type { CycleCompleteEvent, WatchEvent } from '../../../src/contract/watch.ts';
import type { Registry } from '../../../src/orgs/registry.ts';
import { SqliteCallLedger } from '../../../src/store/sqlite/calls/sqlite-call-ledger.ts';
import { openMirrors } from '../../../src/store/sqlite/open-mirrors.ts';
import type { BatchSizes } from '../../../src/sync/batch-sizes.ts';
import type { CallLedger } from '../../../src/sync/ports/call-ledger.ts';
import type { Leases } from '../../../src/sync/ports/leases.ts';
import type { Mirrors } from '../../../src/sync/ports/mirrors.ts';
import { backfillOrgs } from '../../../src/usecases/backfill.ts';
import { reconcileOrgs } from '../../../src/usecases/reconcile.ts';
import { status } from '../../../src/usecases/status.ts';
import { watch } from '../../../src/usecases/watch.ts';
import { AnswerTimeout } from '../../../src/wire/answer-timeout.ts';
import { exchange, type WireAnswer, type WireRequest } from '../../../src/wire/exchange.ts';
import type { Wire } from '../../../src/wire/open-wire.ts';
import { defaultTimeouts } from '../../../src/wire/timeouts.ts';
import type { LocalDispatcher } from '../../support/local-dispatcher.ts';
import { startLocalThread } from '../../support/local-thread.ts';
import type { VirtualClock } from '../../support/virtual-clock.ts';
import type { MemoryMirrors } from '../../usecases/memory-mirrors.ts';
import { FailPoints, type OnStored } from './fail-points.ts';
import { Hold } from './hold.ts';
import { mortalCalls } from './mortal-calls.ts';
import { MortalLeases } from './mortal-leases.ts';
import { mortalFiles, mortalMirrors } from './mortal-mirrors.ts';

/** What programs on one machine share. */
export interface Machine {
  url: string;
  accessToken: string;
  dataDir: string;
  clock: VirtualClock;
  dispatcher: LocalDispatcher;
  leases: Leases;
  /** Whether cycles send what waits in the outbox; they do not unless told. */
  push?: boolean;
  /** Of every watch. */
  reconcileEveryMs: number | null;
  /** Null where what programs keep are files. */
  memory: { mirrors: MemoryMirrors; registry: Registry; calls: CallLedger } | null;
  /** Where mirrors are files, and the list of orgs and the count of calls are none all the same. */
  beside?: { registry: Registry; calls: CallLedger };
  sizes: BatchSizes;
  /** Told what a process has stored in a mirror. */
  onStored: OnStored;
  /** Called before each request leaves. */
  beforeSend(request: WireRequest): Promise<void>;
  /** Called when one is over, with an answer or without, before the program knows. */
  behindSend?(request: WireRequest): Promise<void>;
  /** Asked of each request that leaves: whether its answer never comes. Null: it does. */
  hangs?(request: WireRequest): Hang | null;
}

/** What becomes of a request without an answer: nothing, or its work, at once or while the answer is waited for. */
export type Hang = 'undone' | 'done' | 'done later';

/** What a program said at its end: `crash` where it was killed, `halt` where it was told to stop. */
export type Ended = { kind: 'done' | 'crash' | 'halt' } | { kind: 'failed'; error: string };

interface Watching {
  events: WatchEvent[];
  ended: Promise<Ended>;
  /** Called with each event. */
  tell: () => void;
}

const intervalMs = 60_000;

/** One process of the program with all that it has in memory, on the files and leases that it shares with others. */
export class Program {
  readonly points: FailPoints;
  readonly services: Services;
  readonly #machine: Machine;
  readonly #leases: MortalLeases;
  readonly #stopping = new AbortController();
  #watching: Watching | null = null;
  readonly #underWay = new Set<Promise<Ended>>();
  #hold: Hold | null = null;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.points = new FailPoints((what) => machine.onStored(what));
    const { dataDir, clock: virtual } = machine;
    const clock = virtual.forProcess(() => this.points.alive());
    this.#leases = new MortalLeases(machine.leases, this.points, clock);
    const config = readConfig({
      flags: {},
      env: {
        PARAHACK_SYNC_DATA_DIR: dataDir,
        PARAHACK_SYNC_CREDENTIAL_STORE: 'memory',
        PARAHACK_SYNC_INSTANCE_URL: machine.url,
        PARAHACK_SYNC_ACCESS_TOKEN: machine.accessToken,
      },
      cwd: dataDir,
    });
    const mirrors =
      machine.memory === null ? this.#openFiles(clock) : mortalMirrors(machine.memory.mirrors, this.points);
    const services = new Services(config, { log: silentLogger });
    const { registry, calls: known } = machine.memory ?? machine.beside ?? {};
    const calls = known ?? new SqliteCallLedger(dataDir, { now: () => clock.now() });
    const parts = {
      ...(registry === undefined ? {} : { registry }),
      clock,
      wire: this.#wire(),
      leases: this.#leases,
      mirrors,
      calls: mortalCalls(calls, this.points),
      sizes: machine.sizes,
    };
    for (const [name, value] of Object.entries(parts)) Object.defineProperty(services, name, { value });
    services.closeLater(async () => calls[Symbol.asyncDispose]());
    services.closeLater(async () => mirrors[Symbol.asyncDispose]());
    this.services = services;
  }

  /** One cycle, after a first copy where there is none. */
  async cycle(): Promise<{ ended: Ended; complete: CycleCompleteEvent | null; events: WatchEvent[] }> {
    const events: WatchEvent[] = [];
    const ended = await this.run(async (signal) => {
      const context = { signal, onEvent: (event: WatchEvent) => void events.push(event) };
      const { orgs } = await watch(this.services, { ...this.#watchOptions, once: true }, context);
      return orgs[0]?.error ?? null;
    });
    const complete = events.find((event) => event.event === 'cycle:complete') ?? null;
    return { ended, complete, events };
  }

  /** A copy, beside the mirror where `fresh`. */
  async copy(
    options: Pick<BackfillOptions, 'api' | 'fresh'> & { force?: boolean },
  ): Promise<{ ended: Ended; item: BackfillItem | null }> {
    let item: BackfillItem | null = null;
    const ended = await this.run(async (signal) => {
      const all = { orgs: [], all: false, concurrency: 3, force: true, fields: null, ...options };
      const { orgs } = await backfillOrgs(this.services, all, { signal, onEvent: () => {} });
      item = orgs[0] ?? null;
      return item?.error ?? null;
    });
    return { ended, item };
  }

  /** Every contact compared with the org. */
  async reconcile(
    choice: { dryRun?: boolean; force?: boolean } = {},
  ): Promise<{ ended: Ended; item: ReconcileItem | null }> {
    let item: ReconcileItem | null = null;
    const ended = await this.run(async (signal) => {
      // Beside a watch it is left to that one, whose turn it is made in.
      const options = { orgs: [], dryRun: false, force: true, wait: false, ...choice };
      const { orgs } = await reconcileOrgs(this.services, options, { signal, onEvent: () => {} });
      item = orgs[0] ?? null;
      return item?.error ?? null;
    });
    return { ended, item };
  }

  /** Contacts that the last whole comparison has kept in the mirror, for nothing said that so many are gone. */
  async heldContacts(): Promise<number> {
    const { orgs } = await this.#machine.clock.run(() => status(this.services, { org: null }));
    return orgs[0]?.lastReconcile?.counts.held ?? 0;
  }

  get #watchOptions() {
    const { push = false, reconcileEveryMs } = this.#machine;
    return { orgs: [], intervalMs, push, reconcileEveryMs };
  }

  /** Halts at the request that is its `at`th from now on, until the hold is let go. */
  holdAt(at: number): Hold {
    this.#hold = new Hold(at);
    return this.#hold;
  }

  /** Others may take what it holds, and it is none the wiser. */
  async loseLeases(): Promise<void> {
    await this.#leases.lose();
  }

  get isWatching(): boolean {
    return this.#watching !== null;
  }

  /** A watch that goes on until `stop` or its death: so many of its cycles, or none more where it ends or waits for a login. */
  async turns(count: number): Promise<Ended | null> {
    const { clock } = this.#machine;
    const from = this.#watching?.events.length ?? 0;
    this.#watching ??= this.#startWatch();
    const watching = this.#watching;
    const isTurn = ({ event }: WatchEvent) => /^cycle:(complete|failed|skipped)$/.test(event);
    const enough = new Promise<null>((resolve) => {
      watching.tell = () => {
        const turns = watching.events.slice(from).filter(isTurn);
        if (turns.length >= count || turns.some(isLast)) resolve(null);
      };
    });
    const ended = await clock.run(() => Promise.race([watching.ended, enough]));
    watching.tell = () => {};
    if (ended !== null) this.#watching = null;
    return ended;
  }

  #startWatch(): Watching {
    const events: WatchEvent[] = [];
    const watching: Watching = { events, ended: Promise.resolve<Ended>({ kind: 'done' }), tell: () => {} };
    const onEvent = (event: WatchEvent) => {
      events.push(event);
      watching.tell();
    };
    watching.ended = this.#ending(async (signal) => {
      await watch(this.services, { ...this.#watchOptions, once: false }, { signal, onEvent });
      return null;
    });
    return watching;
  }

  /** Any work of this process; what it answers is why it failed. */
  run(work: (signal: AbortSignal) => Promise<{ code: string; message?: string } | null>): Promise<Ended> {
    return this.#machine.clock.run(() => this.#ending(work));
  }

  #ending(work: (signal: AbortSignal) => Promise<{ code: string; message?: string } | null>): Promise<Ended> {
    const ended = this.#end(work);
    this.#underWay.add(ended);
    const over = () => void this.#underWay.delete(ended);
    ended.then(over, over);
    return ended;
  }

  async #end(
    work: (signal: AbortSignal) => Promise<{ code: string; message?: string } | null>,
  ): Promise<Ended> {
    try {
      const error = await work(this.#stopping.signal);
      if (this.points.isDead) return { kind: 'crash' };
      return error === null ? { kind: 'done' } : { kind: 'failed', error: `${error.code} ${error.message}` };
    } catch (error) {
      if (this.points.isDead) return { kind: 'crash' };
      if (isAbort(error)) return { kind: 'halt' };
      if (isAppError(error)) return { kind: 'failed', error: `${error.code} ${error.message}` };
      throw error;
    }
  }

  /** As a signal stops it: its work comes to its end, and what it holds is given back. */
  async stop(): Promise<void> {
    if (this.points.isDead) return this.die();
    this.#stopping.abort();
    await this.#machine.clock.run(() => Promise.allSettled(this.#underWay));
    await this.#close();
  }

  /** As `kill -9` ends it: nothing that it would do at its end is done. */
  async die(): Promise<void> {
    this.points.kill();
    await this.#leases.died();
    this.#stopping.abort();
    await this.#close();
  }

  async #close(): Promise<void> {
    const watching = this.#watching;
    this.#watching = null;
    await this.#machine.clock.run(async () => {
      await watching?.ended;
      await this.services[Symbol.asyncDispose]().catch((error: unknown) => {
        if (!this.points.isDead) throw error;
      });
    });
  }

  #openFiles(clock: Clock): Mirrors {
    const files = openMirrors({
      folder: join(this.#machine.dataDir, 'orgs'),
      log: silentLogger,
      clock,
      startThread: () => startLocalThread((call, work) => this.#write(call, work)),
    });
    return mortalFiles(files, this.points);
  }

  #wire(): Wire {
    const { dispatcher, clock, beforeSend, behindSend, hangs } = this.#machine;
    const patience = { headersMs: 0, idleBodyMs: 0, answerMs: 600_000 };
    return {
      exchange: async (request, _patience, signal) => {
        this.points.alive();
        await beforeSend(request);
        let answer: WireAnswer | null = null;
        const send = () => exchange(dispatcher, request, patience, signal);
        try {
          await this.#hold?.pass();
          return await this.points.around('send', async () => {
            clock.noteActivity();
            const hang = hangs?.(request) ?? null;
            answer = hang === null ? await send() : await this.#hang(hang, send, signal);
            return answer;
          });
        } catch (error) {
          (answer as WireAnswer | null)?.body.drop();
          throw error;
        } finally {
          await behindSend?.(request);
          clock.noteActivity();
        }
      },
      close: async () => {},
    };
  }

  /** Waits for an answer as long as one is waited for. */
  async #hang(hang: Hang, send: () => Promise<WireAnswer>, signal?: AbortSignal): Promise<never> {
    const { clock } = this.services;
    const { answerMs } = defaultTimeouts;
    const untilDoneMs = hang === 'done later' ? answerMs / 2 : 0;
    await clock.sleep(untilDoneMs, { signal });
    if (hang !== 'undone') await send().then(({ body }) => body.drop(), unlessAborted(signal));
    await clock.sleep(answerMs - untilDoneMs, { signal });
    throw new AnswerTimeout(answerMs);
  }

  async #write(call: string, work: () => void): Promise<void> {
    this.#machine.clock.noteActivity();
    // With a dead process its files are closed.
    if (call === 'close') return work();
    if (!isWrite(call)) {
      this.points.alive();
      return work();
    }
    await this.points.around('write', work);
  }
}

/** No further one comes before the next login. */
function isLast(event: WatchEvent): boolean {
  return event.event === 'cycle:failed' && event.retryInMs === null;
}

/** What a cut answer would say is not told either. */
function unlessAborted(signal: AbortSignal | undefined): (error: unknown) => void {
  return (error) => {
    if (signal?.aborted) throw error;
  };
}

/** Whether it makes a transaction. */
function isWrite(call: string): boolean {
  return !['open', 'addBlock', 'beginPage', 'dropPage', 'assertSound'].includes(call);
}
