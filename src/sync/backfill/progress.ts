import type { SyncContext } from '../context.ts';
import type { BatchOutcome } from '../ports/mirror.ts';
import type { RunRecorder } from '../run-recorder.ts';

/** Counts what pages brought and tells it. */
export class BackfillProgress {
  readonly #context: SyncContext;
  readonly #run: RunRecorder;
  readonly #startedAt: number;
  readonly #before: number;
  readonly #total: number;
  #contacts: number;
  chunks = 0;
  chunksDone = 0;

  constructor(context: SyncContext, run: RunRecorder, { before, total }: { before: number; total: number }) {
    this.#context = context;
    this.#run = run;
    this.#startedAt = context.clock.monotonicMs();
    this.#before = before;
    this.#contacts = before;
    this.#total = total;
  }

  took({ page }: BatchOutcome): void {
    if (page === null) return;
    this.#contacts += page.rows;
    this.#run.count('rows', page.rows);
    this.#run.count('inserted', page.inserted);
    this.#run.count('updated', page.updated);
    this.#run.count('unchanged', page.unchanged);
    this.tell();
  }

  tell(): void {
    const { clock, onEvent, remote } = this.#context;
    onEvent({
      type: 'backfill:progress',
      instanceUrl: remote.instanceUrl,
      contacts: this.#contacts,
      contactsBefore: this.#before,
      total: this.#total,
      chunks: this.chunks,
      chunksDone: this.chunksDone,
      apiCalls: this.#run.apiCalls,
      elapsedMs: clock.monotonicMs() - this.#startedAt,
    });
  }
}
