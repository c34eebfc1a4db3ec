import type { AskedReconcile, Asking } from '../../sync/ports/asked-reconcile.ts';
import type { Cursors, Journal } from '../../sync/ports/journal.ts';
import type { ChunkState, Run, RunFilter, RunKind, RunStep, StoredChunk } from '../../sync/ports/run.ts';
import { readAsked, readOpen } from './asked-records.ts';
import { findChunk, listChunks } from './chunk-records.ts';
import { readCursors, readKnownWindow, readReconciledAt, readUnheardUntil } from './cursor-records.ts';
import type { MirrorFile, MirrorWrite } from './mirror-file.ts';
import { findRun, listRuns, listSteps } from './run-records.ts';

export class SqliteJournal implements Journal {
  readonly #file: MirrorFile;
  readonly #write: MirrorWrite;
  readonly #object: string;

  constructor(file: MirrorFile, write: MirrorWrite, object: string) {
    this.#file = file;
    this.#write = write;
    this.#object = object;
  }

  async cursors(): Promise<Cursors> {
    return this.#file.read((db) => readCursors(db, this.#object));
  }

  async startRun(kind: RunKind, at: number, state: object): Promise<string> {
    return this.#write('insertRun', this.#object, kind, at, state);
  }

  async run(runId: string): Promise<Run | null> {
    return this.#file.read((db) => findRun(db, runId));
  }

  async runs(filter: RunFilter): Promise<Run[]> {
    return this.#file.read((db) => listRuns(db, this.#object, filter));
  }

  async steps(runId: string): Promise<RunStep[]> {
    return this.#file.read((db) => listSteps(db, runId));
  }

  async chunks(runId: string, state?: ChunkState): Promise<StoredChunk[]> {
    return this.#file.read((db) => listChunks(db, runId, state));
  }

  async chunk(id: number): Promise<StoredChunk | null> {
    return this.#file.read((db) => findChunk(db, id));
  }

  async knownWindow(of: keyof Cursors): Promise<unknown> {
    return this.#file.read((db) => readKnownWindow(db, this.#object, of));
  }

  async reconciledAt(): Promise<number | null> {
    return this.#file.read((db) => readReconciledAt(db, this.#object));
  }

  async unheardUntil(): Promise<number> {
    return this.#file.read((db) => readUnheardUntil(db, this.#object));
  }

  async askedReconcile(which?: Partial<Pick<Asking, 'id' | 'dryRun'>>): Promise<AskedReconcile | null> {
    return this.#file.read((db) => readAsked(db, this.#object, which));
  }

  async openReconciles(): Promise<AskedReconcile[]> {
    return this.#file.read((db) => readOpen(db, this.#object));
  }

  async askReconcile(asked: Asking): Promise<string> {
    return this.#write('askReconcile', this.#object, asked);
  }

  async noteAsked(asked: AskedReconcile): Promise<void> {
    await this.#write('noteAsked', this.#object, asked);
  }
}
