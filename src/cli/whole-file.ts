import { constants } from 'node:fs';
import { access, type FileHandle, lstat, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { throwIfAborted } from '../base/abort.ts';
import { systemClock } from '../base/clock.ts';
import { AppError, isAppError, systemCodeOf } from '../base/errors.ts';
import { meansNoRoom } from '../base/means-no-room.ts';
import { syncFolder } from '../base/sync-folder.ts';
import { keepInUse } from '../base/writer-mark.ts';
import { draftPath, sweepDrafts } from './draft-files.ts';

/**
 * A file under way: it takes its name with `complete`, and without it leaves nothing behind. Both writing and completing
 * throw AppError `DISK_FULL` or `FILE_NOT_ACCESSIBLE` with the file's name.
 */
export interface WholeFile extends AsyncDisposable {
  write(text: string): Promise<void>;
  complete(): Promise<void>;
}

export interface WholeFileOptions {
  /** Relative names start here. */
  cwd: string;
  /** Ends the waiting for a reader of a named pipe. */
  signal: AbortSignal;
  /** Takes what goes to `/dev/stdout`, which is this process' own. */
  printData: (text: string) => Promise<void>;
}

/** How often a named pipe is looked at for a reader. */
const readerPollMs = 100;
/** As many as the kernel follows. */
const maxLinks = 40;

/**
 * Opens a file that takes its name only when it is complete, so that nobody reads half of it. Only its owner may
 * read a new one, as it holds people's data; one that was there keeps its mode, and a symbolic link leads to the file
 * that it names. What is no regular file (`/dev/null`, a named pipe, `/dev/stdout`) is written to as it is. Throws
 * AppError `INVALID_INPUT`: nothing has been done yet where this fails.
 */
export async function openWholeFile(name: string, options: WholeFileOptions): Promise<WholeFile> {
  const path = resolve(options.cwd, name);
  if (isOwnStdout(path)) return untilComplete({ write: options.printData });
  try {
    const target = await targetOf(path);
    const known = await stat(target).catch(() => null);
    if (known === null || known.isFile()) return named(name, await openDraft(target, known));
    if (known.isDirectory()) throw Object.assign(new Error('It is a folder.'), { code: 'EISDIR' });
    const file = known.isFIFO()
      ? await openPipe(target, options.signal)
      : await open(target, constants.O_WRONLY);
    return named(name, untilComplete({ write: (text) => file.appendFile(text), close: () => file.close() }));
  } catch (error) {
    throwIfAborted(options.signal);
    throw new AppError('INVALID_INPUT', `${name} cannot be written (${systemCodeOf(error) ?? 'unknown'}).`, {
      hint: 'Check that its folder exists and that you may write there.',
      cause: error,
    });
  }
}

/** Whether a name means this process' standard output. */
export function isOwnStdout(path: string): boolean {
  return path === '/dev/stdout' || path === '/dev/fd/1' || path === '/proc/self/fd/1';
}

/** Replaces the file at one stroke. */
async function openDraft(
  path: string,
  known: { mode: number; uid: number; gid: number } | null,
): Promise<WholeFile> {
  // A folder that may be written would let a file be replaced that may not.
  if (known !== null) await access(path, constants.W_OK);
  await sweepDrafts(path);
  const draft = draftPath(path);
  const file = await open(draft, 'wx', 0o600);
  const endOfUse = keepInUse(draft);
  return untilComplete({
    write: (text) => file.appendFile(text),
    async complete() {
      if (known !== null) {
        // Root may give a file back to its owner; others own it already, or become its owner.
        await file.chown(known.uid, known.gid).catch(() => {});
        await file.chmod(known.mode & 0o777);
      }
      await file.sync();
      await file.close();
      await rename(draft, path);
      await syncFolder(dirname(path));
      endOfUse();
    },
    async close() {
      endOfUse();
      await file.close().catch(() => {});
      await rm(draft, { force: true });
    },
  });
}

/** `complete` and `close` exclude each other, and each happens once. */
function untilComplete(file: {
  write: (text: string) => Promise<void>;
  complete?: () => Promise<void>;
  close?: () => Promise<void>;
}): WholeFile {
  let isOpen = true;
  return {
    write: file.write,
    async complete() {
      await (file.complete ?? file.close)?.();
      isOpen = false;
    },
    async [Symbol.asyncDispose]() {
      if (!isOpen) return;
      isOpen = false;
      await file.close?.();
    },
  };
}

/** The system's errors with the name by which the user knows the file: the data folder is none of theirs. */
function named(name: string, file: WholeFile): WholeFile {
  const unwritten = (error: unknown): never => {
    const code = systemCodeOf(error);
    if (code === undefined || isAppError(error)) throw error;
    const full = meansNoRoom(code);
    const why = code === 'EPIPE' ? `its reader is gone, ${code}` : code;
    throw new AppError(full ? 'DISK_FULL' : 'FILE_NOT_ACCESSIBLE', `${name} could not be written (${why}).`, {
      hint: full
        ? 'Make room where it goes, or name another file.'
        : 'Run the command again, or name another file.',
      cause: error,
    });
  };
  return {
    write: (text) => file.write(text).catch(unwritten),
    complete: () => file.complete().catch(unwritten),
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

/** The file that is meant, which may not be there yet; links are followed as a plain `open` would. */
async function targetOf(path: string, links = 0): Promise<string> {
  const found = await realpath(path).catch((error: unknown) => {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
    return null;
  });
  if (found !== null) return found;
  const entry = await lstat(path).catch(() => null);
  if (!entry?.isSymbolicLink()) return path;
  if (links >= maxLinks) throw Object.assign(new Error('Too many links.'), { code: 'ELOOP' });
  return targetOf(resolve(dirname(path), await readlink(path)), links + 1);
}

/**
 * Opening a pipe waits for its reader, and that wait could not be ended; so the reader is waited for first, by asking
 * whether there is one.
 */
async function openPipe(path: string, signal: AbortSignal): Promise<FileHandle> {
  for (;;) {
    throwIfAborted(signal);
    try {
      const probe = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
      try {
        return await open(path, constants.O_WRONLY);
      } finally {
        await probe.close();
      }
    } catch (error) {
      if (systemCodeOf(error) !== 'ENXIO') throw error;
      await systemClock.sleep(readerPollMs, { signal });
    }
  }
}
