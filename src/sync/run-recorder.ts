import { isAbort } from '../base/abort.ts';
import { AppError, firstError, messageOf } from '../base/errors.ts';
import { withFinally } from '../base/finally.ts';
import type { SyncContext } from './context.ts';
import type { RunError, RunKind, RunOutcome } from './ports/run.ts';

/** One run as it is being recorded: its steps, counts and API calls. */
export class RunRecorder {
  readonly id: string;
  readonly counts: Record<string, number>;
  readonly #context: SyncContext;
  readonly #callsAtStart: number;
  readonly #callsBefore: number;

  private constructor(
    context: SyncContext,
    id: string,
    before: { counts: Record<string, number>; apiCalls: number },
    callsAtStart: number,
  ) {
    this.#context = context;
    this.id = id;
    this.counts = { ...before.counts };
    this.#callsBefore = before.apiCalls;
    this.#callsAtStart = callsAtStart;
  }

  /** `callsAtStart`: what `remote.apiCalls()` said when the work for this run began. */
  static async start(
    context: SyncContext,
    kind: RunKind,
    state: Record<string, unknown>,
    callsAtStart = context.remote.apiCalls(),
  ): Promise<RunRecorder> {
    const id = await context.mirror.journal.startRun(kind, context.clock.now(), state);
    return new RunRecorder(context, id, { counts: {}, apiCalls: 0 }, callsAtStart);
  }

  static resume(
    context: SyncContext,
    run: { id: string; counts: Record<string, number>; apiCalls: number },
  ): RunRecorder {
    return new RunRecorder(context, run.id, run, context.remote.apiCalls());
  }

  get apiCalls(): number {
    return this.#callsBefore + this.#context.remote.apiCalls() - this.#callsAtStart;
  }

  count(name: string, by: number): void {
    if (by !== 0) this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  /** Does `work` as a named step; its own counts are the difference it makes to the run's. */
  async step<T>(name: string, work: (note: (text: string) => void) => Promise<T>): Promise<T> {
    const { clock, mirror, onEvent, remote } = this.#context;
    const startedAt = clock.now();
    const before = { ...this.counts };
    const notes: string[] = [];
    const record = async () => {
      const counts: Record<string, number> = {};
      for (const [key, value] of Object.entries(this.counts)) {
        const difference = value - (before[key] ?? 0);
        if (difference !== 0) counts[key] = difference;
      }
      const note = notes.length > 0 ? notes.join(' ') : null;
      const taken = { name, startedAt, finishedAt: clock.now(), counts, note };
      await mirror.commit({ effects: [{ kind: 'add-step', runId: this.id, step: taken }] });
      onEvent({ type: 'step:complete', instanceUrl: remote.instanceUrl, runId: this.id, name, note, counts });
    };
    return withFinally(() => work((text) => notes.push(text)), record);
  }

  outcome(status: RunOutcome['status'], error: unknown = null): RunOutcome {
    return {
      status,
      finishedAt: this.#context.clock.now(),
      counts: this.counts,
      apiCalls: this.apiCalls,
      error: error === null ? null : runErrorOf(error),
    };
  }

  async complete(): Promise<void> {
    await this.#context.mirror.commit({
      effects: [{ kind: 'end-run', runId: this.id, outcome: this.outcome('complete') }],
    });
  }

  /**
   * Records how the run ended badly. Never throws: the error itself goes on to the caller, and one of the recording (a
   * mirror that cannot be written is the likeliest end of a run) would hide it.
   */
  async fail(thrown: unknown): Promise<void> {
    const { mirror, log } = this.#context;
    const error = firstError(thrown);
    try {
      const outcome = this.outcome(isAbort(error) ? 'interrupted' : 'failed', error);
      await mirror.commit({ effects: [{ kind: 'end-run', runId: this.id, outcome }] });
    } catch (unrecorded) {
      log.debug('the end of a run could not be recorded', { run: this.id, reason: messageOf(unrecorded) });
    }
  }
}

export function runErrorOf(error: unknown): RunError {
  if (error instanceof AppError)
    return { code: error.code, message: error.message, hint: error.hint ?? null };
  return { code: isAbort(error) ? 'INTERRUPTED' : 'UNEXPECTED_ERROR', message: messageOf(error), hint: null };
}
