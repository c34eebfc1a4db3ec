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
  /** The reader at the other end of the pipe went away: nothing written later is seen by anybody. */
  readonly closed: boolean;
}

export interface OutputStreamOptions {
  ink: Ink;
  /** Called once, when the reader has gone (`| head`): an ordinary end, not an error. */
  onClosed?: () => void;
}

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
  const send = (text: string): Promise<void> => {
    if (closed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      stream.write(text, (error) => {
        if (!error) return resolve();
        if (!isGone(error)) return reject(error);
        close();
        resolve();
      });
    });
  };
  const write = (text: string) => send(ink.apply(printable(text)));
  return {
    get closed() {
      return closed;
    },
    write,
    writeData: stream.isTTY === true ? write : send,
    [Symbol.dispose]() {
      // The error event of a failed write may come a tick after its callback.
      setImmediate(() => stream.off('error', onError));
    },
  };
}

/** What a terminal answers whose window was closed. */
function isClosedTerminal(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'EIO';
}

function isClosedPipe(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || code === 'EOF';
}
