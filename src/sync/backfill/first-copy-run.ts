import type { SyncContext } from '../context.ts';
import { type Chunk, parseChunk } from './chunk.ts';
import { parseCopyState } from './copy-state.ts';
import type { BegunCopy } from './resumable-copy.ts';

/** The run of a first copy whose id is known. Throws `PROGRESS_UNREADABLE`. */
export async function begunCopy({ mirror }: Pick<SyncContext, 'mirror'>, runId: string): Promise<BegunCopy> {
  const run = await mirror.journal.run(runId);
  const state = run && parseCopyState(run);
  if (run === null || state === null) throw new Error(`${runId} is no run of a first copy.`);
  return { run, state };
}

/** What is still to be read. Throws `PROGRESS_UNREADABLE`. */
export async function pendingChunks(
  { mirror }: Pick<SyncContext, 'mirror'>,
  runId: string,
): Promise<Chunk[]> {
  return (await mirror.journal.chunks(runId, 'pending')).map(parseChunk);
}

/** A chunk as it stands now; null where it is done. Throws `PROGRESS_UNREADABLE`. */
export async function pendingChunk(
  { mirror }: Pick<SyncContext, 'mirror'>,
  id: number,
): Promise<Chunk | null> {
  const stored = await mirror.journal.chunk(id);
  return stored === null || stored.state === 'done' ? null : parseChunk(stored);
}
