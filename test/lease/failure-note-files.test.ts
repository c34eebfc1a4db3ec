import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FailureNoteFiles } from '../../src/lease/failure-note-files.ts';
import type { FailureNote } from '../../src/sync/ports/failure-notes.ts';
import { haveSmallDisks, mountDisk } from '../support/small-disk.ts';

const url = 'https://acme.my.salesforce.com';
const note: FailureNote = {
  code: 'DISK_FULL',
  message: 'There is no room left.',
  hint: 'Make room.',
  since: 1_000,
  at: 2_000,
  failures: 2,
  retryAt: 3_000,
  watch: { pid: 7, since: 500 },
};
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-sync-notes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the notes of failures', () => {
  it('are of one org each, seen by others that open the folder, and over when nothing is told', () => {
    const notes = new FailureNoteFiles(join(folder, 'locks'));
    notes.makeRoom(url);
    notes.makeRoom('http://127.0.0.1:8080');
    expect(notes.read(url)).toBeNull();
    notes.write(url, note);
    const other = new FailureNoteFiles(join(folder, 'locks'));
    expect(other.read(url)).toEqual(note);
    expect(other.read('http://127.0.0.1:8080')).toBeNull();
    // As with each start of a watch.
    other.makeRoom(url);
    notes.write(url, { ...note, message: 'Short.', hint: null, retryAt: null, watch: null });
    expect(other.read(url)).toEqual({ ...note, message: 'Short.', hint: null, retryAt: null, watch: null });
    notes.write(url, null);
    expect(other.read(url)).toBeNull();
  });

  it('keep their size and their file, whatever is told', () => {
    const notes = new FailureNoteFiles(folder);
    notes.makeRoom(url);
    const path = join(folder, readdirSync(folder)[0]!);
    const before = statSync(path);
    const long = { ...note, message: '\u0001'.repeat(10_000), hint: 'é'.repeat(10_000) };
    for (const one of [note, long, null]) {
      notes.write(url, one);
      const { size, ino, mode } = statSync(path);
      expect({ size, ino, mode: mode & 0o777 }).toEqual({ size: before.size, ino: before.ino, mode: 0o600 });
    }
    notes.write(url, long);
    expect(notes.read(url)).toMatchObject({ code: 'DISK_FULL', failures: 2 });
  });

  it('are none where there is no room for them, no folder, or something else in their place', () => {
    writeFileSync(join(folder, 'file'), '');
    for (const place of ['file', 'missing']) {
      const notes = new FailureNoteFiles(join(folder, place));
      notes.write(url, note);
      if (place === 'file') notes.makeRoom(url);
      notes.write(url, note);
      expect(notes.read(url)).toBeNull();
    }
    const notes = new FailureNoteFiles(folder);
    notes.makeRoom(url);
    const path = join(folder, readdirSync(folder).find((name) => name !== 'file')!);
    for (const text of ['', '{', '7', '{"code":"X"}', JSON.stringify({ ...note, since: 'now' })]) {
      writeFileSync(path, text);
      expect(notes.read(url)).toBeNull();
    }
  });

  it.skipIf(!haveSmallDisks())('are written on a full disk, where there was room before', () => {
    using disk = mountDisk(256);
    const notes = new FailureNoteFiles(disk.path);
    notes.makeRoom(url);
    disk.fill();
    notes.makeRoom('https://late.my.salesforce.com');
    notes.write(url, note);
    expect(notes.read(url)).toEqual(note);
    expect(notes.read('https://late.my.salesforce.com')).toBeNull();
    notes.write(url, null);
    expect(notes.read(url)).toBeNull();
  });
});
