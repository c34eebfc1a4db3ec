import { throwIfAborted } from '../../base/abort.ts';
import type { SyncContext } from '../context.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { readableFields, withCurrentFields } from '../schema.ts';
import { withinRun } from '../with-run.ts';
import { readBulkChunks } from './bulk-chunks.ts';
import { wholeRecords } from './copy-reading.ts';
import type { CopyState } from './copy-state.ts';
import { defaultConcurrency } from './default-concurrency.ts';
import { begunCopy, pendingChunks } from './first-copy-run.ts';
import { BackfillProgress } from './progress.ts';
import { readRestChunks } from './rest-chunks.ts';
import { Turn } from './turn.ts';

export interface TurnOptions {
  /** When the turn is over (ms since 1970); a page under way is finished. */
  until: number | 'end';
  /** Requests under way at once; by default 12 for REST and 3 for bulk pages. */
  concurrency?: number;
  signal: AbortSignal;
}

export interface TurnReport {
  /** Records that this turn has read. */
  rows: number;
  /** Chunks that are still to be read; where there are none, `finishFirstCopy` is due. */
  chunksLeft: number;
}

/**
 * Reads chunks of a planned first copy until a time. All that a later turn needs lies in the journal, so that any
 * process may go on, with any concurrency. Two turns at the same time read some pages twice and count them once.
 */
export async function copyTurn(
  context: SyncContext,
  runId: string,
  { until, concurrency, signal }: TurnOptions,
): Promise<TurnReport> {
  const turn = new Turn(context.clock, until);
  const { state } = await begunCopy(context, runId);
  if (!state.planned) throw new Error(`The first copy ${runId} is not planned yet.`);
  if (turn.isOver() || (await pendingChunks(context, runId)).length === 0)
    return { rows: 0, chunksLeft: (await pendingChunks(context, runId)).length };
  const rows = await withinRun(context, runId, (run) =>
    read(context, run, state, { turn, concurrency, signal }),
  );
  return { rows, chunksLeft: (await pendingChunks(context, runId)).length };
}

async function read(
  context: SyncContext,
  run: RunRecorder,
  { api, total, fruitless }: CopyState,
  { turn, concurrency, signal }: { turn: Turn; concurrency: number | undefined; signal: AbortSignal },
): Promise<number> {
  const chunks = await context.mirror.journal.chunks(run.id);
  const progress = new BackfillProgress(context, run, { chunks, total });
  const reading = {
    runId: run.id,
    pages: wholeRecords,
    concurrency: Math.max(concurrency ?? defaultConcurrency[api], 1),
    progress,
    turn,
    signal,
  };
  const readAll = async (isDescribed: boolean) => {
    const fields = await readableFields(context);
    const pending = await pendingChunks(context, run.id);
    progress.tell();
    if (api === 'bulk') await readBulkChunks(context, pending, { ...reading, fields, isDescribed });
    else await readRestChunks(context, pending, { ...reading, fields, isDescribed, fruitless });
    throwIfAborted(signal);
  };
  await run.step('read', () => withCurrentFields(context, { signal }, readAll));
  return progress.rows;
}
