import { isAbort } from '../base/abort.ts';
import { backoffMs } from '../base/backoff.ts';
import { callDetailsOf } from '../base/call-details.ts';
import type { Clock } from '../base/clock.ts';
import { isAppError } from '../base/errors.ts';
import { Places } from './places.ts';

/** One org taken into care: its lock is held until it is disposed. */
export interface WatchedOrg extends AsyncDisposable {
  /** Whether its mirror lacks a complete first copy. */
  needsFirstCopy(): Promise<boolean>;
  /** Makes the first copy, or goes on with it. May take hours. */
  firstCopy(signal: AbortSignal): Promise<void>;
  cycle(signal: AbortSignal): Promise<void>;
}

export interface SupervisorOptions {
  /** The orgs to watch now, by instance URL; asked again as long as the supervisor runs. */
  list(): Promise<string[]>;
  /** Takes an org into care. Throws `ORG_BUSY` where another process has it, `LOGIN_REQUIRED` without a grant. */
  open(instanceUrl: string): Promise<WatchedOrg>;
  /** Whether an org that lost its grant has been logged in again. */
  hasLogin(instanceUrl: string): Promise<boolean>;
  onFailed(instanceUrl: string, error: unknown, retryInMs: number | null): void;
  onSkipped(instanceUrl: string, error: unknown, retryInMs: number | null): void;
  onRecovered(instanceUrl: string, failures: number): void;
  /** The orgs could not be listed now; those that are watched go on, and the list is asked for again. */
  onListFailed(error: unknown): void;
  intervalMs: number;
  once: boolean;
  clock: Clock;
  random?: () => number;
  signal: AbortSignal;
}

export interface WatchedOutcome {
  instanceUrl: string;
  /** The error of the last cycle; null where it was good. */
  error: unknown;
}

/** Cycles under way at once; the others wait for a place. */
const maxCycles = 4;
/** First copies under way at once. They have places of their own, because one may take hours. */
const maxFirstCopies = 2;
/** How long a cycle holds its place at most; orgs that needed longer last time share places of their own. */
const cyclePlaceMs = 15_000;
/** The same for a first copy: others begin beside one that takes long. */
const copyPlaceMs = 1_800_000;
/** How soon a new, enabled, disabled or newly logged-in org is noticed. */
const rescanMs = 15_000;
const longestBackoffMs = 3_600_000;
/** However long an org asks to be left alone. */
const longestRetryAfterMs = 86_400_000;

/**
 * Keeps one loop per org, each on its own timetable, so that one org's trouble stays with that org. Ends
 * when the signal aborts, after one cycle each with `once`, or at the start when another watch has all orgs:
 * a copy or a single cycle comes to its end, a watch does not.
 */
export async function supervise(options: SupervisorOptions): Promise<WatchedOutcome[]> {
  const { clock, intervalMs, once, signal, random = Math.random } = options;
  const places: LoopPlaces = {
    cycles: new Places(maxCycles, cyclePlaceMs, clock),
    slowCycles: new Places(maxCycles, cyclePlaceMs, clock),
    copies: new Places(maxFirstCopies, copyPlaceMs, clock),
  };
  const loops = new Map<string, { stop: AbortController; outcome: WatchedOutcome; done: Promise<void> }>();
  /** Loops of orgs that are wanted no more, until they have ended; one that takes long must not hold up the rest. */
  const leaving = new Map<string, Promise<void>>();
  const end = new AbortController();
  const ending = Promise.withResolvers<boolean>();
  const bound = AbortSignal.any([signal, end.signal]);

  const start = (instanceUrl: string, delayMs: number) => {
    const stop = new AbortController();
    const outcome: WatchedOutcome = { instanceUrl, error: null };
    const own = AbortSignal.any([bound, stop.signal]);
    const loop = new OrgLoop(
      instanceUrl,
      outcome,
      { ...options, random, signal: own, ending: ending.promise },
      places,
    );
    loops.set(instanceUrl, { stop, outcome, done: loop.run(delayMs) });
    return loop;
  };

  const first = await options.list();
  // The first org starts at once; the others within ten seconds, so that they do not all ask together.
  const spread = once ? 0 : Math.min(intervalMs, 10_000);
  const started = first.map((url, i) => start(url, i === 0 ? 0 : random() * spread));
  const watched = started.map(async ({ firstTry }) => {
    const isWatched = isHeldByWatch(await firstTry);
    // One that is not settles it: those that are need not wait for the rest to know.
    if (!isWatched && !once) ending.resolve(false);
    return isWatched;
  });
  const allTried = Promise.all(watched).then((all) => {
    const ends = once || (all.length > 0 && all.every(Boolean));
    ending.resolve(ends);
    if (ends && !once) end.abort();
  });
  if (!once) await rescan(bound);
  await allTried;
  await Promise.all([...[...loops.values()].map(({ done }) => done), ...leaving.values()]);
  return [...loops.values()].map(({ outcome }) => outcome);

  async function rescan(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      try {
        await clock.sleep(Math.min(rescanMs, intervalMs), { signal: until });
      } catch {
        return;
      }
      let wanted: Set<string>;
      try {
        wanted = new Set(await options.list());
      } catch (error) {
        options.onListFailed(error);
        continue;
      }
      for (const [url, { stop, done }] of loops) {
        if (wanted.has(url)) continue;
        stop.abort();
        loops.delete(url);
        leaving.set(
          url,
          done.finally(() => leaving.delete(url)),
        );
      }
      // One that is wanted again while it still ends is taken up by a later look.
      for (const url of wanted) if (!loops.has(url) && !leaving.has(url)) start(url, 0);
    }
  }
}

interface LoopOptions extends SupervisorOptions {
  random: () => number;
  /** Whether the watch ends after the first tries, because another one has all orgs. */
  ending: Promise<boolean>;
}

interface LoopPlaces {
  cycles: Places;
  /** For orgs whose last cycle took long, so that however many they are, they delay each other only. */
  slowCycles: Places;
  copies: Places;
}

/** The endless care for one org: take it, cycle, wait; back off on failure; pause without a login. */
class OrgLoop {
  readonly #instanceUrl: string;
  readonly #outcome: WatchedOutcome;
  readonly #options: LoopOptions;
  readonly #places: LoopPlaces;
  /** The error of the first try, null where it was good or the loop ended before. */
  readonly firstTry: Promise<unknown>;
  #tellFirstTry!: (error: unknown) => void;
  #failures = 0;
  #slow = false;
  #org: WatchedOrg | null = null;

  constructor(instanceUrl: string, outcome: WatchedOutcome, options: LoopOptions, places: LoopPlaces) {
    this.#instanceUrl = instanceUrl;
    this.#outcome = outcome;
    this.#options = options;
    this.#places = places;
    this.firstTry = new Promise((resolve) => {
      this.#tellFirstTry = resolve;
    });
  }

  async run(delayMs: number): Promise<void> {
    const { clock, once, signal } = this.#options;
    try {
      if (delayMs > 0) await clock.sleep(delayMs, { signal });
      for (;;) {
        const waitMs = await this.#turn();
        this.#tellFirstTry(this.#outcome.error);
        if (isAppError(this.#outcome.error, 'ORG_BUSY')) await this.#tellSkipped();
        if (once) return;
        await (waitMs === 'until-login' ? this.#untilLogin() : clock.sleep(waitMs, { signal }));
      }
    } catch (error) {
      if (!isAbort(error)) this.#outcome.error = error;
    } finally {
      this.#tellFirstTry(null);
      await this.#letGo();
    }
  }

  /** A cycle, after a first copy where there is none: the place for cycles is free as long as that takes. */
  async #work(): Promise<void> {
    const { signal } = this.#options;
    const uncopied = await this.#inPlace(async () => {
      this.#org ??= await this.#options.open(this.#instanceUrl);
      this.#tellFirstTry(null);
      if (await this.#org.needsFirstCopy()) return this.#org;
      await this.#org.cycle(signal);
      return null;
    });
    if (uncopied === null) return;
    await this.#places.copies.run(signal, () => uncopied.firstCopy(signal));
    await this.#inPlace(() => uncopied.cycle(signal));
  }

  async #inPlace<T>(work: () => Promise<T>): Promise<T> {
    const { clock, signal } = this.#options;
    const { cycles, slowCycles } = this.#places;
    return (this.#slow ? slowCycles : cycles).run(signal, async () => {
      const startedAt = clock.monotonicMs();
      try {
        return await work();
      } finally {
        this.#slow = clock.monotonicMs() - startedAt >= cyclePlaceMs;
      }
    });
  }

  /** One try; answers how long to wait before the next. Throws only an abort. */
  async #turn(): Promise<number | 'until-login'> {
    const { clock, intervalMs, once, random, signal } = this.#options;
    const startedAt = clock.monotonicMs();
    try {
      await this.#work();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      this.#outcome.error = error;
      if (isAppError(error, 'ORG_BUSY')) return intervalMs;
      if (isAppError(error, 'LOGIN_REQUIRED')) {
        // Let go of the lock and the session: the next login brings another grant.
        await this.#letGo();
        this.#options.onFailed(this.#instanceUrl, error, null);
        return 'until-login';
      }
      const maxMs = Math.max(intervalMs, Math.min(intervalMs * 8, longestBackoffMs));
      const backoff = backoffMs(this.#failures++, { baseMs: intervalMs, maxMs, random });
      const retryInMs = Math.max(backoff, retryAfterOf(error));
      this.#options.onFailed(this.#instanceUrl, error, once ? null : retryInMs);
      return retryInMs;
    }
    this.#outcome.error = null;
    if (this.#failures > 0) this.#options.onRecovered(this.#instanceUrl, this.#failures);
    this.#failures = 0;
    return Math.max(0, intervalMs - (clock.monotonicMs() - startedAt));
  }

  /** Tells when it is tried again, so it waits until it is known whether it is. */
  async #tellSkipped(): Promise<void> {
    const { intervalMs, once, ending, signal } = this.#options;
    const last = once || (await ending) || signal.aborted;
    this.#options.onSkipped(this.#instanceUrl, this.#outcome.error, last ? null : intervalMs);
  }

  async #untilLogin(): Promise<void> {
    const { clock, hasLogin, signal } = this.#options;
    const url = this.#instanceUrl;
    // Where it cannot be told now it is asked again, like everything else that stays with the org.
    do await clock.sleep(rescanMs, { signal });
    while (!(await hasLogin(url).catch(() => false)));
  }

  /** Never throws: an org that cannot be closed in order must end neither its own loop nor the others'. */
  async #letGo(): Promise<void> {
    const org = this.#org;
    this.#org = null;
    try {
      await org?.[Symbol.asyncDispose]();
    } catch (error) {
      this.#outcome.error ??= error;
      this.#options.onFailed(this.#instanceUrl, error, null);
    }
  }
}

function isHeldByWatch(error: unknown): boolean {
  return isAppError(error, 'ORG_BUSY') && error.details?.purpose === 'watch';
}

/** How long the org itself asked to be left alone; 0 where it did not. */
function retryAfterOf(error: unknown): number {
  return Math.min(callDetailsOf(error).retryAfterMs ?? 0, longestRetryAfterMs);
}
