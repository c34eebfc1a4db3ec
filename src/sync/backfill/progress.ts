import type { SyncContext } from '../context.ts';
import type { BatchOutcome } from '../ports/mirror.ts';
import type { StoredChunk } from '../ports/run.ts';
import type { RunRecorder } from '../run-recorder.ts';

type ProgressType = 'backfill:progress' | 'reconcile:progress';

/** Tells what pages brought, beginning with what the run has read before this turn. */
export class BackfillProgress {
  readonly #context: Pick<SyncContext, 'clock' | 'onEvent' | 'remote'>;
  readonly #run: RunRecorder;
  readonly #startedAt: number;
  readonly #before: number;
  readonly #total: number;
  readonly #type: ProgressType;
  #rows = 0;
  chunks: number;
  chunksDone: number;

  /** `chunks`: all of the run, as they are stored now; `total`: records that the copy is to read. */
  constructor(
    context: Pick<SyncContext, 'clock' | 'onEvent' | 'remote'>,
    run: RunRecorder,
    {
      chunks,
      total,
      type = 'backfill:progress',
    }: { chunks: readonly StoredChunk[]; total: number; type?: ProgressType },
  ) {
    this.#context = context;
    this.#run = run;
    this.#startedAt = context.clock.monotonicMs();
    this.#before = chunks.reduce((sum, { rows }) => sum + rows, 0);
    this.#total = total;
    this.#type = type;
    this.chunks = chunks.length;
    this.chunksDone = chunks.filter(({ state }) => state === 'done').length;
  }

  /** Records read in this turn. */
  get rows(): number {
    return this.#rows;
  }

  /** A page that its chunk's effect has counted. */
  took({ page, chunkDone }: BatchOutcome): void {
    if (page === null) return;
    const { rows, inserted, updated, unchanged } = page;
    if (chunkDone === null) {
      this.#run.countedByEffect({ inserted, updated });
      return;
    }
    this.#run.countedByEffect({ rows, inserted, updated, unchanged });
    this.#rows += rows;
    this.tell();
  }

  tell(): void {
    const { clock, onEvent, remote } = this.#context;
    onEvent({
      type: this.#type,
      instanceUrl: remote.instanceUrl,
      contacts: this.#before + this.#rows,
      contactsBefore: this.#before,
      total: this.#total,
      chunks: this.chunks,
      chunksDone: this.chunksDone,
      apiCalls: this.#run.apiCalls,
      elapsedMs: clock.monotonicMs() - this.#startedAt,
    });
  }
}
