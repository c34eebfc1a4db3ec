import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfAborted } from '../../base/abort.ts';
import { AppError, systemCodeOf } from '../../base/errors.ts';
import type { CliIo } from '../cli-io.ts';
import { magicBytes, refuseBinary } from './refuse-binary.ts';

/** One input, found and found readable, its bytes not yet read. */
export interface InputSource {
  /** As given; `-` is standard input. */
  name: string;
  /** To be read once. A chunk is valid until the next is asked for. */
  chunks(): AsyncIterable<Uint8Array>;
}

type SourceIo = Pick<CliIo, 'stdin' | 'cwd'>;

/** Small, so that what is made of a chunk is short-lived. */
const chunkBytes = 16 * 1024;
/** How often a pipe without data is looked at. */
const pipeLookMs = 10;

/**
 * Looks at every file before one is read, so that a wrong name at the end costs nothing. No files: standard input.
 * Throws AppError `INVALID_INPUT`.
 */
export async function openSources(
  files: readonly string[],
  io: SourceIo,
  { signal }: { signal: AbortSignal },
): Promise<InputSource[]> {
  refuseNoInput(files, io);
  const sources: InputSource[] = [];
  const seen = new Map<string, string>();
  for (const name of files.length === 0 ? ['-'] : files) {
    throwIfAborted(signal);
    if (name === '-') {
      sources.push({ name, chunks: () => stdinChunks(io.stdin, signal) });
      continue;
    }
    const path = resolve(io.cwd, name);
    try {
      const { regular, identity } = await lookAt(path, name);
      const before = seen.get(identity);
      if (before !== undefined) throw givenTwice(name, before);
      seen.set(identity, name);
      sources.push({
        name,
        chunks: () => (regular ? fileChunks(path, name, signal) : pipeChunks(path, name, signal)),
      });
    } catch (error) {
      throw unreadable(error, name);
    }
  }
  return sources;
}

function refuseNoInput(files: readonly string[], { stdin }: Pick<CliIo, 'stdin'>): void {
  // As of a variable that is not set; it would be the working folder.
  if (files.includes('')) {
    throw new AppError('INVALID_INPUT', 'The name of a file is empty.', {
      hint: 'Name the file; a single - reads standard input.',
    });
  }
  if (files.length === 0 && stdin.isTTY) {
    throw new AppError('INVALID_INPUT', 'No input is given.', {
      hint: 'Name a file, or pipe contacts in: `parahack-sync push contacts.csv`',
    });
  }
  if (files.filter((file) => file === '-').length > 1) {
    throw new AppError('INVALID_INPUT', 'Standard input can be read only once.', {
      hint: 'Give - a single time.',
    });
  }
}

async function lookAt(path: string, name: string): Promise<{ regular: boolean; identity: string }> {
  const found = await stat(path, { bigint: true });
  if (found.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
  const identity = `${found.dev}:${found.ino}`;
  if (!found.isFile()) return { regular: false, identity };
  await using file = await open(path, 'r');
  const head = new Uint8Array(magicBytes);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  refuseBinary(head.subarray(0, bytesRead), name);
  return { regular: true, identity };
}

function givenTwice(name: string, before: string): AppError {
  const message = name === before ? `${name} is given twice.` : `${name} and ${before} are the same file.`;
  return new AppError('INVALID_INPUT', message, {
    hint: 'Give each file once, or its contacts are created twice.',
    details: { source: name },
  });
}

const reasons: Record<string, string> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EISDIR: 'is a folder',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
};

function unreadable(error: unknown, name: string): unknown {
  const code = systemCodeOf(error);
  if (error instanceof AppError || code === undefined) return error;
  return new AppError('INVALID_INPUT', `${name} ${reasons[code] ?? `cannot be read (${code})`}.`, {
    hint: /^\s*[{[]/.test(name)
      ? 'Pipe the JSON in, as an argument is a file name: `echo … | parahack-sync push -`'
      : 'Check the file name; a single - reads standard input.',
    details: { source: name },
    cause: error,
  });
}

async function* stdinChunks(stdin: CliIo['stdin'], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  throwIfAborted(signal);
  const onAbort = () => stdin.destroy(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const chunk of stdin as AsyncIterable<Uint8Array | string>) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
    }
  } catch (error) {
    throwIfAborted(signal);
    throw unreadable(error, 'Standard input');
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function* fileChunks(path: string, name: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    await using file = await open(path, 'r');
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      throwIfAborted(signal);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw unreadable(error, name);
  }
}

/**
 * Pipes and devices are looked at, not waited for: a read that blocks sits in a thread that nothing can end, and the
 * process with it after Ctrl-C.
 */
async function* pipeChunks(path: string, name: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const waitsForWriter = await isNamedPipe(path, file);
    const buffer = Buffer.allocUnsafe(chunkBytes);
    let written = !waitsForWriter;
    for (;;) {
      throwIfAborted(signal);
      const bytesRead = await readNow(file, buffer);
      if (bytesRead === 0 && written) return;
      if (bytesRead === null || bytesRead === 0) {
        written ||= bytesRead === null;
        await sleep(pipeLookMs, undefined, { signal });
        continue;
      }
      written = true;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throwIfAborted(signal);
    throw unreadable(error, name);
  }
}

/** Bytes read, 0 at the end, null where there are none yet. */
async function readNow(file: FileHandle, buffer: Buffer): Promise<number | null> {
  try {
    return (await file.read(buffer, 0, buffer.length, null)).bytesRead;
  } catch (error) {
    if (systemCodeOf(error) === 'EAGAIN') return null;
    throw error;
  }
}

/** One that has no writer yet reads as ended; the shell's `<(…)` has had its writer and no name of its own. */
async function isNamedPipe(path: string, file: FileHandle): Promise<boolean> {
  if (!(await file.stat()).isFIFO()) return false;
  const real = await realpath(path).catch(() => null);
  return real !== null && !/^\/(dev\/(fd\/|std(in|out|err)$)|proc\/)/.test(real);
}
