import { isAbort } from '../base/abort.ts';
import { mostAheadMs } from '../base/clock-ahead.ts';
import { AppError, firstError, messageOf } from '../base/errors.ts';
import { withFinally } from '../base/finally.ts';
import type { SyncContext } from './context.ts';
import { lastRuns } from './last-runs.ts';
import type { Effect } from './ports/effect.ts';
import type { Run, RunDelta, RunError, RunKind, RunOutcome } from './ports/run.ts';

/** What recording a run takes: its journal, the org's count of calls, and the time. */
export type RunContext = Pick<SyncContext, 'mirror' | 'remote' | 'clock' | 'log'>;

/** Three times as long as an interrupted copy can be gone on with. */
const keptMs = 30 * 86_400_000;
/** So much of what a run has done waits for its next write at most, and is not in its record where it is killed. */
const unwrittenMs = 1_000;

/**
 * One run as it is being recorded: its steps, counts and API calls. What is counted is stored as what was added since
 * the last time, so that whoever goes on with the run, or works on it at the same time, adds to it too.
 */
export class RunRecorder {
  readonly id: string;
  readonly #counts: Record<string, number>;
  readonly #context: RunContext;
  readonly #callsAtStart: number;
  readonly #callsBefore: number;
  #unsaved: Record<string, number> = {};
  /** Carried out with the next write. */
  #waiting: Effect[] = [];
  /** By the monotonic clock. */
  #writtenAtMs: number;
  #callsSaved: number;
  #isEnded: boolean;

  private constructor(
    context: RunContext,
    before: Pick<Run, 'id' | 'status' | 'counts' | 'apiCalls'>,
    callsAtStart: number,
  ) {
    this.#context = context;
    this.#writtenAtMs = context.clock.monotonicMs();
    this.id = before.id;
    this.#counts = { ...before.counts };
    this.#callsBefore = before.apiCalls;
    this.#callsAtStart = callsAtStart;
    this.#callsSaved = callsAtStart;
    this.#isEnded = before.status === 'complete';
  }

  static async start(context: RunContext, kind: RunKind, state: object): Promise<RunRecorder> {
    const id = await context.mirror.journal.startRun(kind, context.clock.now(), state);
    return new RunRecorder(
      context,
      { id, status: 'running', counts: {}, apiCalls: 0 },
      context.remote.usage.sent(),
    );
  }

  /**
   * Goes on with a run that was interrupted or failed, or that waits for its next turn. `callsAtStart`: what
   * `remote.usage.sent()` said when the work for it began.
   */
  static async resume(
    context: RunContext,
    run: Pick<Run, 'id' | 'status' | 'counts' | 'apiCalls'>,
    callsAtStart = context.remote.usage.sent(),
  ): Promise<RunRecorder> {
    if (run.status === 'failed' || run.status === 'interrupted')
      await context.mirror.commit({ effects: [{ kind: 'resume-run', runId: run.id }] });
    return new RunRecorder(context, run, callsAtStart);
  }

  /** As far as this process knows: what was stored when it began, and what it has added. */
  get counts(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  get apiCalls(): number {
    return this.#callsBefore + this.#context.remote.usage.sent() - this.#callsAtStart;
  }

  /** Recorded as complete. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  count(name: string, by: number): void {
    if (by === 0) return;
    this.#counts[name] = (this.#counts[name] ?? 0) + by;
    this.#unsaved[name] = (this.#unsaved[name] ?? 0) + by;
  }

  /** What the effect of a page has added to the stored run already. */
  countedByEffect(counts: Readonly<Record<string, number>>): void {
    for (const [name, by] of Object.entries(counts))
      if (by !== 0) this.#counts[name] = (this.#counts[name] ?? 0) + by;
  }

  /**
   * Effects that say the same whenever they are carried out, as that a cursor has moved forward past what brought
   * nothing: they come with the run's next write, at the latest with its end.
   */
  later(effects: readonly Effect[]): void {
    this.#waiting.push(...effects);
  }

  /**
   * Does `work` as a named step; its own counts are the difference it makes to the run's. A quick one is written
   * together with what follows: a cycle without news takes no transaction for each.
   */
  async step<T>(name: string, work: (note: (text: string) => void) => Promise<T>): Promise<T> {
    const { clock } = this.#context;
    const startedAt = clock.now();
    const startedMs = clock.monotonicMs();
    const before = { ...this.#counts };
    const notes: string[] = [];
    const finishedAt = () => {
      const now = clock.now();
      const lastedMs = Math.floor(clock.monotonicMs() - startedMs);
      // A clock that was set meanwhile tells of no work.
      const isSet = now < startedAt || now - startedAt > lastedMs + mostAheadMs;
      return isSet ? startedAt + lastedMs : now;
    };
    const record = async () => {
      const counts: Record<string, number> = {};
      for (const [key, value] of Object.entries(this.#counts)) {
        const difference = value - (before[key] ?? 0);
        if (difference !== 0) counts[key] = difference;
      }
      const note = notes.length > 0 ? notes.join(' ') : null;
      const step = { name, startedAt, finishedAt: finishedAt(), counts, note };
      this.#waiting.push({ kind: 'add-step', runId: this.id, step });
      if (clock.monotonicMs() - this.#writtenAtMs >= unwrittenMs) await this.save();
    };
    const noted = async () => {
      try {
        return await work((text) => notes.push(text));
      } catch (error) {
        if (!isAbort(error)) notes.push(messageOf(error));
        throw error;
      }
    };
    return withFinally(noted, record);
  }

  /** Stores what was counted since the last time. */
  async save(): Promise<void> {
    await this.#commit((delta) =>
      delta.apiCalls === 0 && Object.keys(delta.counts).length === 0
        ? []
        : [{ kind: 'count-run', runId: this.id, delta }],
    );
  }

  /**
   * The run is complete; `effects` are carried out in the same transaction, before that. Once more, where steps of it
   * came after that: it is complete with them.
   */
  async end(effects: readonly Effect[] = []): Promise<void> {
    await this.#commit((delta) => [
      ...effects,
      { kind: 'end-run', runId: this.id, outcome: this.#outcome('complete', delta) },
      this.#forgetOld(),
    ]);
    this.#isEnded = true;
  }

  /**
   * Records how the run ended badly; one that is complete stays so. Never throws: the error itself goes on to the
   * caller, and one of the recording (a mirror that cannot be written is the likeliest end of a run) would hide it.
   */
  async fail(thrown: unknown): Promise<void> {
    const error = firstError(thrown);
    const status = isAbort(error) ? 'interrupted' : 'failed';
    try {
      if (this.#isEnded) await this.save();
      else {
        await this.#commit((delta) => [
          { kind: 'end-run', runId: this.id, outcome: this.#outcome(status, delta, error) },
          this.#forgetOld(),
        ]);
      }
    } catch (unrecorded) {
      this.#context.log.debug('the end of a run could not be recorded', {
        run: this.id,
        reason: messageOf(unrecorded),
      });
    }
  }

  #forgetOld(): Effect {
    const now = this.#context.clock.now();
    return {
      kind: 'forget-runs',
      before: now - keptMs,
      now,
      but: this.id,
      newestOf: Object.values(lastRuns),
    };
  }

  #outcome(status: RunOutcome['status'], delta: RunDelta, error: unknown = null): RunOutcome {
    return {
      ...delta,
      status,
      finishedAt: this.#context.clock.now(),
      error: error === null ? null : runErrorOf(error),
    };
  }

  /** What cannot be stored is stored with the next. */
  async #commit(effectsOf: (delta: RunDelta) => Effect[]): Promise<void> {
    const { mirror, remote, clock } = this.#context;
    const calls = remote.usage.sent();
    const delta = { counts: this.#unsaved, apiCalls: calls - this.#callsSaved };
    const waiting = this.#waiting;
    const effects = [...waiting, ...effectsOf(delta)];
    if (effects.length === 0) return;
    const callsBefore = this.#callsSaved;
    this.#waiting = [];
    this.#unsaved = {};
    this.#callsSaved = calls;
    try {
      await mirror.commit({ effects });
      this.#writtenAtMs = clock.monotonicMs();
    } catch (error) {
      this.#waiting = [...waiting, ...this.#waiting];
      for (const [name, by] of Object.entries(delta.counts))
        this.#unsaved[name] = (this.#unsaved[name] ?? 0) + by;
      this.#callsSaved = Math.min(this.#callsSaved, callsBefore);
      throw error;
    }
  }
}

export function runErrorOf(error: unknown): RunError {
  if (error instanceof AppError)
    return { code: error.code, message: error.message, hint: error.hint ?? null };
  return { code: isAbort(error) ? 'INTERRUPTED' : 'UNEXPECTED_ERROR', message: messageOf(error), hint: null };
}
