import { fstatSync, fsync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { abortReason } from '../base/abort.ts';
import { AppError, systemCodeOf } from '../base/errors.ts';
import { meansNoRoom } from '../base/means-no-room.ts';
import { printable } from '../base/printable.ts';
import type { CliStream } from './cli-io.ts';
import type { Ink } from './ink.ts';

export interface OutputStream extends Disposable {
  /**
   * Writes text without whatever in it would act upon a terminal, save our own colours. Resolves when the stream
   * has taken it. Rejects with the stream's error, except a closed pipe.
   */
  write(text: string): Promise<void>;
  /** Writes data as it is, for a program to read; a terminal gets it as `write` would give it. */
  writeData(text: string): Promise<void>;
  /**
   * Resolves when what was written is on the disk, where it goes to a file: a power cut takes it no more. Rejects with
   * the disk's error. What a pipe's reader does with it is not waited for.
   */
  keep(): Promise<void>;
  /** The reader at the other end of the pipe went away: nothing written later is seen by anybody. */
  readonly closed: boolean;
  /**
   * When `signal` has aborted, whoever reads has a moment to take what is on its way; then it is given up with an
   * AbortError, and later writes are not tried.
   */
  heed(signal: AbortSignal): void;
  /** Writes were given up: as long as nobody reads them, they keep the process from ending by itself. */
  readonly givenUp: boolean;
}

export interface OutputStreamOptions {
  ink: Pick<Ink, 'apply'>;
  /** Called once, when the reader has gone (`| head`): an ordinary end, not an error. */
  onClosed?: () => void;
}

/** Long enough for any program that is reading, short enough for a person who wants an end. */
const graceMs = 250;
/** Characters a millisecond; who takes fewer is waited for no longer. */
const slowestReader = 50_000;
/** A file takes all at once, and signals are heard between two turns of the event loop only. */
const turnMs = 50;

/**
 * The one way out of the process for text. Every room's and every org's words pass here, so that no command has to
 * think of what they may hold.
 */
export function createOutputStream(
  stream: CliStream,
  { ink, onClosed = () => {} }: OutputStreamOptions,
): OutputStream {
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    onClosed();
  };
  // Without a listener, an EPIPE ends the process with a stack trace.
  const isGone = (error: Error) => isClosedPipe(error) || (stream.isTTY === true && isClosedTerminal(error));
  const onError = (error: Error) => {
    if (isGone(error)) close();
  };
  stream.on('error', onError);
  let ended: AbortSignal | null = null;
  let grace: NodeJS.Timeout | undefined;
  let givenUp = false;
  let turnedAt = performance.now();
  /** How to give up each write that is on its way, and its length. */
  const waiting = new Map<(reason: Error) => void, number>();
  const giveUp = () => {
    givenUp = true;
    for (const reject of waiting.keys()) reject(abortReason());
    waiting.clear();
  };
  /** Begins anew with each write that was taken. */
  const startGrace = () => {
    clearTimeout(grace);
    const length = [...waiting.values()].reduce((sum, each) => sum + each, 0);
    if (length > 0) grace = setTimeout(giveUp, graceMs + length / slowestReader);
  };
  const put = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.set(reject, text.length);
      if (ended?.aborted) startGrace();
      stream.write(text, (error) => {
        waiting.delete(reject);
        if (ended?.aborted) startGrace();
        if (!error) return resolve();
        if (!isGone(error)) return reject(unwritten(error));
        close();
        resolve();
      });
    });
  const send = async (text: string): Promise<void> => {
    if (closed || givenUp) return;
    await put(text);
    if (performance.now() - turnedAt < turnMs) return;
    await nextTurn();
    turnedAt = performance.now();
  };
  const write = (text: string) => send(ink.apply(printable(text)));
  return {
    get closed() {
      return closed;
    },
    get givenUp() {
      return givenUp;
    },
    heed(signal) {
      ended = signal;
      signal.addEventListener('abort', startGrace, { once: true });
    },
    write,
    writeData: stream.isTTY === true ? write : send,
    keep: () => syncFile(stream.fd).catch((error) => Promise.reject(unwritten(error))),
    [Symbol.dispose]() {
      clearTimeout(grace);
      // The error event of a failed write may come a tick after its callback.
      setImmediate(() => stream.off('error', onError));
    },
  };
}

/** Of pipes and terminals nothing is kept. */
async function syncFile(fd: number | undefined): Promise<void> {
  if (fd === undefined || !fstatSync(fd).isFile()) return;
  await promisify(fsync)(fd);
}

function unwritten(error: Error): Error {
  if (!meansNoRoom(systemCodeOf(error))) return error;
  return new AppError('DISK_FULL', 'The output could not be written: there is no room left where it goes.', {
    hint: 'Make room there. What the command did is done all the same: `parahack-sync runs`, `parahack-sync status` and `parahack-sync outbox list` show it.',
    cause: error,
  });
}

/** What a terminal answers whose window was closed. */
function isClosedTerminal(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'EIO';
}

function isClosedPipe(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || code === 'EOF';
}
