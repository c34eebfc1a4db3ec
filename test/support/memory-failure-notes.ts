import type { FailureNote, FailureNotes } from '../../src/sync/ports/failure-notes.ts';

/** Of one process. Written is only what there was room made for. */
export class MemoryFailureNotes implements FailureNotes {
  readonly #notes = new Map<string, FailureNote | null>();
  /** How often a note was written. */
  writes = 0;

  makeRoom(instanceUrl: string): void {
    if (!this.#notes.has(instanceUrl)) this.#notes.set(instanceUrl, null);
  }

  write(instanceUrl: string, note: FailureNote | null): void {
    this.writes++;
    if (this.#notes.has(instanceUrl)) this.#notes.set(instanceUrl, note);
  }

  read(instanceUrl: string): FailureNote | null {
    return this.#notes.get(instanceUrl) ?? null;
  }
}
