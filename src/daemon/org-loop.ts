import { isAbort } from '../base/abort.ts';
import { askedRestMs } from '../base/call-details.ts';
import { type AppError, isAppError } from '../base/errors.ts';
import { Bell } from './bell.ts';
import type { LoopLimits } from './loop-limits.ts';
import { nextTurn } from './next-turn.ts';
import { OrgInCare } from './org-in-care.ts';
import type { LostLogin, OrgLoopOptions, WatchedOutcome } from './org-loop-options.ts';
import { assertFollows, type OrgMode } from './org-mode.ts';
import { Standstill } from './standstill.ts';
import { TurnPlaces } from './turn-places.ts';
import { TurnWork } from './turn-work.ts';
import type { PushCause } from './watched-org.ts';

/** How soon a new login of an org that lost its grant is noticed. */
export const loginPollMs = 15_000;
/** A credential store that cannot be read now: the org is tried again like any that fails. */
const unknownLogin: LostLogin = { isOver: false, isReplaced: async () => false };
/** As good as never: a paused org waits for its bell. */
const untilResumedMs = 86_400_000;

/** The endless care for one org: take it, work, wait; back off on failure; rest without a login, or paused. */
export class OrgLoop {
  readonly outcome: WatchedOutcome;
  /** The error of the first try, null where it was good or the loop ended before. */
  readonly firstTry: Promise<unknown>;
  readonly #options: OrgLoopOptions;
  readonly #org: OrgInCare;
  readonly #places: TurnPlaces;
  readonly #work: TurnWork;
  readonly #bell = new Bell();
  #tellFirstTry!: (error: unknown) => void;
  #mode: OrgMode = 'starting';
  #isPaused = false;
  #isNudged = false;
  /** What waits is to be sent between two turns. */
  #isPushAsked = false;
  /** By the monotonic clock, where it waits for its next turn. */
  #dueAtMs = 0;
  /** When the turn that begins was due; null where it was asked for. */
  #plannedAtMs: number | null = null;
  #failures = 0;
  /** For how long the last turn was asked to leave the org alone, and since when by the wall clock, which no sleep stops. */
  #asked = { restMs: 0, since: 0 };
  /** What a push between two turns has met: it is the next one's, which begins at once. */
  #lostBetween: AppError | null = null;
  /** Of the last turn that asked for a login. */
  #lost: LostLogin = unknownLogin;
  /** By the monotonic clock, where the last turn has failed. */
  #failingSinceMs = 0;

  constructor(instanceUrl: string, options: OrgLoopOptions, limits: LoopLimits) {
    this.outcome = { instanceUrl, error: null };
    this.#options = options;
    const { clock, once, open, signal, staysOpen } = options;
    this.#org = new OrgInCare({ open: () => open(instanceUrl), staysOpen });
    this.#places = new TurnPlaces({
      ...{ instanceUrl, limits, clock, signal },
      silentForMs: () => this.#org.silentForMs(),
      onInLine: () => this.#enter('in-line'),
      onWorking: () => this.#enter('working'),
    });
    this.#work = new TurnWork({
      ...{ org: this.#org, places: this.#places, once },
      onTaken: () => this.#tellFirstTry(null),
      onPlace: () => {
        if (this.#mode === 'waiting') this.nudge();
      },
    });
    this.firstTry = new Promise((resolve) => {
      this.#tellFirstTry = resolve;
    });
  }

  get mode(): OrgMode {
    return this.#mode;
  }

  /** Its next turn is due now, or right after the one under way. */
  nudge(): void {
    this.#isNudged = true;
    this.#bell.ring();
  }

  /** What waits to be sent goes now where the org waits for its next turn, which stays when it is. */
  nudgePush(): void {
    this.#isPushAsked = true;
    if (this.#mode === 'waiting' || this.#mode === 'backing-off') this.#bell.ring();
  }

  /** Where it waits for its next turn and somebody has asked for something, that turn is due now. Never throws. */
  async look(): Promise<void> {
    if (this.#mode !== 'waiting' && this.#mode !== 'backing-off') return;
    // What is asked for waits in line itself, or would.
    if (this.#work.standsInLine) return;
    if (await this.#org.isAsked()) this.nudge();
  }

  /**
   * Where it waits for its next turn, that is due within so long, however long it was to wait; where the org has asked for
   * rest, within so long after that.
   */
  comeWithin(ms: number): void {
    if (this.#mode !== 'waiting' && this.#mode !== 'backing-off') return;
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const isOverdue = this.#dueAtMs <= nowMs;
    const { restMs, since } = this.#asked;
    const leftMs = Math.max(0, restMs - Math.max(0, clock.now() - since));
    this.#dueAtMs = isOverdue ? nowMs + ms : Math.min(this.#dueAtMs, nowMs + leftMs + ms);
    this.#bell.ring();
  }

  /** From the end of its turn on nothing is asked of the org, and other processes may have it. */
  pause(): void {
    this.#isPaused = true;
    this.#isNudged = true;
    this.#bell.ring();
  }

  resume(): void {
    this.#isPaused = false;
    this.#bell.ring();
  }

  /** Never throws. Resolves when the org is let go. */
  async run(delayMs: number): Promise<void> {
    const { once, signal } = this.#options;
    try {
      if (delayMs > 0) await this.#bell.wait(this.#options.clock, delayMs, signal);
      for (;;) {
        while (this.#isPaused) await this.#restPaused();
        const next = await this.#turn();
        this.#tellFirstTry(this.outcome.error);
        if (next.kind === 'skipped') await this.#tellSkipped();
        if (once) return;
        if (next.kind === 'until-login') await this.#restUntilLogin(next.inMs);
        else if (next.kind === 'failed') await this.#rest(next.inMs, 'backing-off', next.pushes);
        else await this.#rest(next.inMs, 'waiting', true);
      }
    } catch (error) {
      if (once || !isAbort(error)) this.outcome.error = error;
    } finally {
      this.#tellFirstTry(null);
      this.#enter('leaving');
      await this.#letGo();
      this.#enter('stopped');
    }
  }

  #enter(mode: OrgMode): void {
    assertFollows(this.#mode, mode);
    this.#mode = mode;
  }

  /** With `pushes`, what waits to be sent goes when somebody asks, and each interval where the turn comes later. */
  async #rest(ms: number, mode: 'waiting' | 'backing-off', pushes: boolean): Promise<void> {
    const { clock, intervalMs, random, signal, spreadMs } = this.#options;
    this.#enter(mode);
    this.#dueAtMs = clock.monotonicMs() + ms;
    // A timer may tick a moment before its time.
    let reachedMs = Number.NEGATIVE_INFINITY;
    const now = () => Math.max(clock.monotonicMs(), reachedMs);
    let pushAtMs = now() + intervalMs;
    for (;;) {
      if (this.#work.hasPlace) return;
      const startMs = now();
      const isPushDue = startMs >= pushAtMs && startMs < this.#dueAtMs;
      if (pushes && (this.#isPushAsked || isPushDue)) {
        if (!(await this.#pushNow(isPushDue ? 'interval' : 'asked'))) return;
        this.#enter(mode);
        pushAtMs = now() + intervalMs;
        continue;
      }
      const untilMs = pushes ? Math.min(pushAtMs, this.#dueAtMs) : this.#dueAtMs;
      const leftMs = Math.max(0, untilMs - startMs);
      const standstill = new Standstill(clock, leftMs);
      const end = await this.#bell.wait(clock, leftMs, signal);
      if (this.#isNudged) return;
      if (end === 'tick') reachedMs = untilMs;
      const nowMs = now();
      if (standstill.lastedMs() > 0) {
        // All orgs that became due meanwhile wake up together.
        if (this.#dueAtMs <= nowMs) this.#dueAtMs = nowMs + random() * spreadMs();
        pushAtMs = nowMs + intervalMs;
      } else if (this.#dueAtMs <= nowMs) {
        this.#plannedAtMs = Math.min(this.#dueAtMs, nowMs);
        return;
      }
    }
  }

  /** Between two turns. Answers false where that failed: the turn that follows at once tells with what. */
  async #pushNow(why: PushCause): Promise<boolean> {
    this.#isPushAsked = false;
    const { signal } = this.#options;
    try {
      await this.#places.ofCycle((end) => this.#org.thenRest(() => this.#org.push(end, why)));
      return true;
    } catch (error) {
      if (signal.aborted) throw error;
      // The turn that follows would find the org with somebody else, and tell that alone.
      if (isAppError(error, 'LEASE_LOST')) this.#lostBetween = error;
      return false;
    }
  }

  async #restUntilLogin(ms: number): Promise<void> {
    const { clock, signal } = this.#options;
    const { isOver, isReplaced } = this.#lost;
    this.#enter('login-needed');
    const againAtMs = clock.monotonicMs() + ms;
    // Where it cannot be told now it is asked again, like everything else that stays with the org.
    do await this.#bell.wait(clock, loginPollMs, signal);
    while (
      !this.#isPaused &&
      (isOver || clock.monotonicMs() < againAtMs) &&
      !(await isReplaced().catch(() => false))
    );
  }

  async #restPaused(): Promise<void> {
    if (this.#mode !== 'paused') this.#enter('paused');
    await this.#letGo();
    if (this.#isPaused) await this.#bell.wait(this.#options.clock, untilResumedMs, this.#options.signal);
  }

  /** One try, and what follows from it. Throws only an abort. */
  async #turn(): Promise<ReturnType<typeof nextTurn>> {
    const { clock, intervalMs, once, random, signal } = this.#options;
    const { instanceUrl } = this.outcome;
    // From when it was due: a loop that wakes up late a little each time would drift away from its timetable.
    const startedAt = this.#plannedAtMs ?? clock.monotonicMs();
    this.#plannedAtMs = null;
    this.#isNudged = false;
    this.#isPushAsked = false;
    let error: unknown = null;
    const lostBetween = this.#lostBetween;
    this.#lostBetween = null;
    try {
      if (lostBetween !== null) throw lostBetween;
      await this.#work.perform();
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      error = thrown;
      this.#work.leaveLine();
      await this.#org.dropSpent();
    }
    this.outcome.error = error;
    this.#asked = { restMs: askedRestMs(error), since: clock.now() };
    const tookMs = clock.monotonicMs() - startedAt;
    const callsAhead = once ? null : await this.#org.callsAhead();
    const next = nextTurn({ error, tookMs, failures: this.#failures, callsAhead }, { intervalMs, random });
    if (this.#failures === 0) this.#failingSinceMs = startedAt;
    this.#failures = next.failures;
    switch (next.kind) {
      case 'due':
        if (next.recoveredAfter > 0) {
          const lastedMs = clock.monotonicMs() - this.#failingSinceMs;
          this.#options.onRecovered(instanceUrl, next.recoveredAfter, lastedMs);
        }
        await this.#org.stretchTo(next.stretchedMs);
        break;
      case 'failed':
        this.#options.onFailed(instanceUrl, error, once ? null : next.inMs, next.failures);
        await this.#org.refuseAsked(error);
        break;
      case 'until-login':
        // Let go of the lock and the session: the next login brings another grant.
        await this.#letGo();
        this.#lost = await this.#options.lostLogin(instanceUrl).catch(() => unknownLogin);
        this.#options.onFailed(
          instanceUrl,
          error,
          once || this.#lost.isOver ? null : next.inMs,
          next.failures,
        );
        break;
      case 'skipped':
        break;
      default:
        next satisfies never;
    }
    return next;
  }

  /** Tells when it is tried again, so it waits until it is known whether it is. */
  async #tellSkipped(): Promise<void> {
    const { intervalMs, once, ending, signal } = this.#options;
    const last = once || (await ending) || signal.aborted;
    this.#options.onSkipped(this.outcome.instanceUrl, this.outcome.error, last ? null : intervalMs);
  }

  /** Never throws: an org that cannot be closed in order must end neither its own loop nor the others'. */
  async #letGo(): Promise<void> {
    this.#work.leaveLine();
    try {
      await this.#org.letGo();
    } catch (error) {
      this.outcome.error ??= error;
      this.#options.onFailed(this.outcome.instanceUrl, error, null, this.#failures);
    }
  }
}
