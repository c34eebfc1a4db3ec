import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { cutText } from '../base/cut-text.ts';
import { makeFolder } from '../base/make-folder.ts';
import type { FailureNote, FailureNotes } from '../sync/ports/failure-notes.ts';
import { fileNameOf } from './file-name.ts';

/** One page, so that it is overwritten as a whole and takes no room that it has not got. */
const noteBytes = 4_096;
const mostCharacters = 500;

/**
 * A file of one size for each org, overwritten in place: that succeeds on a full disk and in a folder where nothing can be
 * made any more. Folder 0700, files 0600.
 */
export class FailureNoteFiles implements FailureNotes {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  makeRoom(instanceUrl: string): void {
    if (this.#bytesOf(instanceUrl)?.length === noteBytes) return;
    try {
      makeFolder(this.#folder);
      writeFileSync(this.#path(instanceUrl), paper(null), { mode: 0o600 });
    } catch {}
  }

  write(instanceUrl: string, note: FailureNote | null): void {
    try {
      const file = openSync(this.#path(instanceUrl), 'r+');
      try {
        writeSync(file, paper(note), 0, noteBytes, 0);
      } finally {
        closeSync(file);
      }
    } catch {}
  }

  read(instanceUrl: string): FailureNote | null {
    try {
      const note = JSON.parse(String(this.#bytesOf(instanceUrl))) as unknown;
      return isNote(note) ? note : null;
    } catch {
      return null;
    }
  }

  #bytesOf(instanceUrl: string): Buffer | null {
    try {
      return readFileSync(this.#path(instanceUrl));
    } catch {
      return null;
    }
  }

  #path(instanceUrl: string): string {
    return join(this.#folder, `${fileNameOf(instanceUrl)}.failure`);
  }
}

/** The note as JSON, filled up with blanks; without its long texts where these do not fit. */
function paper(note: FailureNote | null): Buffer {
  const short = note && {
    ...note,
    message: cutText(note.message, mostCharacters),
    hint: note.hint && cutText(note.hint, mostCharacters),
  };
  const bytes = Buffer.from(JSON.stringify(short));
  if (note !== null && bytes.length > noteBytes) return paper({ ...note, message: note.code, hint: null });
  const whole = Buffer.alloc(noteBytes, ' ');
  bytes.copy(whole);
  return whole;
}

/** A file that another program has written over is no note. */
function isNote(value: unknown): value is FailureNote {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, hint, since, at, failures, retryAt, watch } = value as Partial<FailureNote>;
  const isWatch = watch === null || (typeof watch?.pid === 'number' && typeof watch.since === 'number');
  const areTexts = [code, message, hint ?? ''].every((text) => typeof text === 'string');
  return (
    areTexts && isWatch && [since, at, failures, retryAt ?? 0].every((value) => Number.isSafeInteger(value))
  );
}
