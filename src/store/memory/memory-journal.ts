import { randomUUID } from 'node:crypto';
import type { AskedReconcile, Asking } from '../../sync/ports/asked-reconcile.ts';
import type { Cursors, Journal } from '../../sync/ports/journal.ts';
import type { ChunkState, Run, RunFilter, RunKind, RunStep, StoredChunk } from '../../sync/ports/run.ts';
import { askedOf, joined, noted, openOf } from '../asked-reconcile.ts';
import { foundRuns } from './found-runs.ts';
import { kept, type MemoryFile } from './memory-file.ts';

export class MemoryJournal implements Journal {
  readonly #file: MemoryFile;

  constructor(file: MemoryFile) {
    this.#file = file;
  }

  async cursors(): Promise<Cursors> {
    return this.#file.read(({ cursors }) => ({ ...cursors }));
  }

  async startRun(kind: RunKind, at: number, state: object): Promise<string> {
    const id = randomUUID();
    const run: Run = {
      id,
      kind,
      status: 'running',
      startedAt: at,
      finishedAt: null,
      counts: {},
      apiCalls: 0,
      state: kept(state),
      error: null,
    };
    this.#file.write('note-run', ({ runs }) => runs.set(id, run));
    return id;
  }

  async run(runId: string): Promise<Run | null> {
    return this.#file.read(({ runs }) => kept(runs.get(runId) ?? null));
  }

  async runs(filter: RunFilter): Promise<Run[]> {
    return kept(this.#file.read((state) => foundRuns(state, filter)));
  }

  async steps(runId: string): Promise<RunStep[]> {
    return this.#file.read(({ steps }) =>
      kept(steps.filter((taken) => taken.runId === runId).map(({ step }) => step)),
    );
  }

  async chunks(runId: string, state?: ChunkState): Promise<StoredChunk[]> {
    return this.#file.read(({ chunks }) =>
      kept(
        [...chunks.values()].filter(
          (chunk) => chunk.runId === runId && (state === undefined || chunk.state === state),
        ),
      ),
    );
  }

  async chunk(id: number): Promise<StoredChunk | null> {
    return this.#file.read(({ chunks }) => kept(chunks.get(id) ?? null));
  }

  async knownWindow(of: keyof Cursors): Promise<unknown> {
    return this.#file.read(({ knownWindows }) => kept(knownWindows[of]));
  }

  async reconciledAt(): Promise<number | null> {
    return this.#file.read(({ reconciledAt }) => reconciledAt);
  }

  async unheardUntil(): Promise<number> {
    return this.#file.read(({ unheardUntil }) => unheardUntil);
  }

  async askedReconcile(which?: Partial<Pick<Asking, 'id' | 'dryRun'>>): Promise<AskedReconcile | null> {
    return this.#file.read(({ asked }) => kept(askedOf(asked, which)));
  }

  async openReconciles(): Promise<AskedReconcile[]> {
    return this.#file.read(({ asked }) => kept(openOf(asked)));
  }

  async askReconcile(asked: Asking): Promise<string> {
    return this.#file.write('ask-reconcile', (state) => {
      const { all, id } = joined(state.asked, asked);
      state.asked = all;
      return id;
    });
  }

  async noteAsked(asked: AskedReconcile): Promise<void> {
    this.#file.write('ask-reconcile', (state) => {
      state.asked = kept(noted(state.asked, asked));
    });
  }
}
