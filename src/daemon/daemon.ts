import { isAppError } from '../base/errors.ts';
import { withFinally } from '../base/finally.ts';
import { loopLimits, maxKeptOpen } from './loop-limits.ts';
import { loginPollMs, OrgLoop } from './org-loop.ts';
import type { OrgLoopOptions, WatchedOutcome } from './org-loop-options.ts';
import type { OrgMode } from './org-mode.ts';
import { Standstill } from './standstill.ts';

export interface DaemonOptions extends Omit<OrgLoopOptions, 'random' | 'ending' | 'staysOpen' | 'spreadMs'> {
  /** The orgs to watch now, by instance URL; asked again as long as the daemon runs. */
  list(): Promise<string[]>;
  /** The orgs could not be listed now; those that are watched go on, and the list is asked for again. */
  onListFailed(error: unknown): void;
  /** The machine or the process has stood still for so long: all orgs that wait have their turn soon. */
  onResumed(standstillMs: number): void;
  /** Work beside the loops of the orgs, for as long as these go on; its signal aborts at any end. */
  alongside?(signal: AbortSignal): Promise<void>;
  random?: () => number;
}

/** How soon a new, enabled or disabled org is noticed. */
const rescanMs = loginPollMs;
/** The first org starts at once; the others within so long, and longer where they are many. */
const leastSpreadMs = 10_000;
const spreadPerOrgMs = 60;

interface Care {
  loop: OrgLoop;
  stop: AbortController;
  done: Promise<void>;
}

/**
 * Keeps one loop per org, each on its own timetable, so that one org's trouble stays with that org. Ends with `stop` or
 * the signal, after one turn each with `once`, or at the start when another watch has all orgs: a copy or a single
 * cycle comes to its end, a watch does not.
 *
 * `start` and `stop` may be called more than once; `stop` lets every org end its turn and be let go, side by side.
 */
export class Daemon implements AsyncDisposable {
  readonly #options: DaemonOptions;
  readonly #cares = new Map<string, Care>();
  /** Of orgs that are wanted no more, until they have ended; one that takes long must not hold up the rest. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();
  /** Aborts at any end: `stop`, the caller's signal, or another watch that has all orgs. */
  readonly #bound: AbortSignal;
  readonly #ending = Promise.withResolvers<boolean>();
  readonly #limits: ReturnType<typeof loopLimits>;
  #ended: Promise<WatchedOutcome[]> | null = null;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#limits = loopLimits(options.clock);
    this.#bound = AbortSignal.any([options.signal, this.#stopping.signal]);
  }

  /** Begins; resolves with how each org ended when all is over. Rejects where the orgs cannot be listed at the start. */
  start(): Promise<WatchedOutcome[]> {
    this.#ended ??= this.#run();
    return this.#ended;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended?.catch(() => {});
  }

  /** The org's next turn is due now; false where it is not watched. */
  nudge(instanceUrl: string): boolean {
    return this.#of(instanceUrl, (loop) => loop.nudge());
  }

  /** What waits to be sent to the org goes now, and its timetable stays; false where it is not watched. */
  nudgePush(instanceUrl: string): boolean {
    return this.#of(instanceUrl, (loop) => loop.nudgePush());
  }

  /** Leaves the org alone from the end of its turn on; false where it is not watched. */
  pause(instanceUrl: string): boolean {
    return this.#of(instanceUrl, (loop) => loop.pause());
  }

  resume(instanceUrl: string): boolean {
    return this.#of(instanceUrl, (loop) => loop.resume());
  }

  /** What each org's loop is doing now. */
  modes(): Map<string, OrgMode> {
    return new Map([...this.#cares].map(([url, { loop }]) => [url, loop.mode]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #of(instanceUrl: string, work: (loop: OrgLoop) => void): boolean {
    const care = this.#cares.get(instanceUrl);
    if (care !== undefined) work(care.loop);
    return care !== undefined;
  }

  #run(): Promise<WatchedOutcome[]> {
    const over = new AbortController();
    const beside = this.#options.alongside?.(AbortSignal.any([this.#bound, over.signal]));
    return withFinally(
      () => this.#careForAll(),
      async () => {
        over.abort();
        await beside;
      },
    );
  }

  async #careForAll(): Promise<WatchedOutcome[]> {
    const { once, list } = this.#options;
    const first = this.#beginAll(await list());
    const allTried = this.#endWhereAllAreWatched(first);
    if (!once) await this.#rescan();
    await allTried;
    await Promise.all([...[...this.#cares.values()].map(({ done }) => done), ...this.#leaving.values()]);
    return [...this.#cares.values()].map(({ loop }) => loop.outcome);
  }

  #beginAll(urls: readonly string[]): OrgLoop[] {
    const delays = this.#delaysOf(urls.length);
    return urls.map((url, i) => this.#begin(url, this.#options.once ? 0 : (delays[i] as number)));
  }

  #spreadMs(count: number): number {
    return Math.min(this.#options.intervalMs, Math.max(leastSpreadMs, count * spreadPerOrgMs));
  }

  /** The first at once, each other somewhere in a part of its own: by chance alone a few dozen would come together. */
  #delaysOf(count: number): number[] {
    const { random = Math.random } = this.#options;
    const part = this.#spreadMs(count) / Math.max(1, count - 1);
    return Array.from({ length: count }, (_, i) => (i === 0 ? 0 : (i - 1 + random()) * part));
  }

  #begin(instanceUrl: string, delayMs: number): OrgLoop {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#bound, stop.signal]);
    const { random = Math.random } = this.#options;
    const staysOpen = () => this.#cares.size <= maxKeptOpen;
    const spreadMs = () => this.#spreadMs(this.#cares.size);
    const options = { ...this.#options, random, signal, staysOpen, spreadMs, ending: this.#ending.promise };
    const loop = new OrgLoop(instanceUrl, options, this.#limits);
    this.#cares.set(instanceUrl, { loop, stop, done: loop.run(delayMs) });
    return loop;
  }

  async #endWhereAllAreWatched(first: readonly OrgLoop[]): Promise<void> {
    const { once } = this.#options;
    const watched = first.map(async ({ firstTry }) => {
      const isWatched = isHeldByWatch(await firstTry);
      // One that is not settles it: those that are need not wait for the rest to know.
      if (!isWatched && !once) this.#ending.resolve(false);
      return isWatched;
    });
    const all = await Promise.all(watched);
    const ends = once || (all.length > 0 && all.every(Boolean));
    this.#ending.resolve(ends);
    if (ends && !once) this.#stopping.abort();
  }

  /** Until the end. */
  async #rescan(): Promise<void> {
    const { clock, intervalMs, list, onListFailed } = this.#options;
    const waitMs = Math.min(rescanMs, intervalMs);
    while (!this.#bound.aborted) {
      const standstill = new Standstill(clock, waitMs);
      try {
        await clock.sleep(waitMs, { signal: this.#bound });
      } catch {
        return;
      }
      this.#resumeAfter(standstill.lastedMs());
      try {
        this.#follow(new Set(await list()));
      } catch (error) {
        onListFailed(error);
      }
      for (const { loop } of this.#cares.values()) await loop.look();
    }
  }

  /** What was missed meanwhile is caught up with at once, and no more at a time than at the start. */
  #resumeAfter(standstillMs: number): void {
    if (standstillMs === 0) return;
    this.#options.onResumed(standstillMs);
    const delays = this.#delaysOf(this.#cares.size);
    for (const [i, { loop }] of [...this.#cares.values()].entries()) loop.comeWithin(delays[i] as number);
  }

  #follow(wanted: ReadonlySet<string>): void {
    for (const [url, { stop, done }] of this.#cares) {
      if (wanted.has(url)) continue;
      stop.abort();
      this.#cares.delete(url);
      this.#leaving.set(
        url,
        done.finally(() => this.#leaving.delete(url)),
      );
    }
    // One that is wanted again while it still ends is taken up by a later look.
    this.#beginAll([...wanted].filter((url) => !this.#cares.has(url) && !this.#leaving.has(url)));
  }
}

function isHeldByWatch(error: unknown): boolean {
  return isAppError(error, 'ORG_BUSY') && error.details?.purpose === 'watch';
}
