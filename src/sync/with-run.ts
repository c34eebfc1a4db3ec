import type { RunKind } from './ports/run.ts';
import { type RunContext, RunRecorder } from './run-recorder.ts';

type RunWork<T> = (run: RunRecorder) => Promise<T>;

/**
 * Lends a new run to `work` and records how it ended: complete where `work` returns (unless it has ended the run
 * itself, with effects of its own), else failed or interrupted, and then throws what `work` threw, whatever becomes
 * of the recording.
 */
export async function withRun<T>(
  context: RunContext,
  kind: RunKind,
  work: RunWork<T>,
  { state = {} }: { state?: object } = {},
): Promise<T> {
  const run = await RunRecorder.start(context, kind, state);
  return lend(run, work, () => run.end());
}

/**
 * The same with a run that was begun before, for a part of its work: where `work` returns, what it counted is stored
 * and the run stays under way. `callsAtStart`: what `remote.usage.sent()` said when the work began, where that was before.
 */
export async function withinRun<T>(
  context: RunContext,
  runId: string,
  work: RunWork<T>,
  { callsAtStart }: { callsAtStart?: number } = {},
): Promise<T> {
  const stored = await context.mirror.journal.run(runId);
  if (stored === null) throw new Error(`There is no run ${runId}.`);
  const run = await RunRecorder.resume(context, stored, callsAtStart);
  return lend(run, work, () => run.save());
}

async function lend<T>(run: RunRecorder, work: RunWork<T>, last: () => Promise<void>): Promise<T> {
  try {
    const value = await work(run);
    await (run.isEnded ? run.save() : last());
    return value;
  } catch (error) {
    await run.fail(error);
    throw error;
  }
}
