import type { CliStream } from './cli-io.ts';

export interface OutputStream extends Disposable {
  /** Resolves when the stream has taken the text. Rejects with the stream's error, except a closed pipe. */
  write(text: string): Promise<void>;
  /** The reader at the other end of the pipe went away: nothing written later is seen by anybody. */
  readonly closed: boolean;
}

/** `onClosed` is called once, when the reader has gone (`| head`): an ordinary end, not an error. */
export function createOutputStream(stream: CliStream, onClosed: () => void): OutputStream {
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    onClosed();
  };
  // Without a listener, an EPIPE ends the process with a stack trace.
  const onError = (error: Error) => {
    if (isClosedPipe(error)) close();
  };
  stream.on('error', onError);
  return {
    get closed() {
      return closed;
    },
    write(text) {
      if (closed) return Promise.resolve();
      return new Promise((resolve, reject) => {
        stream.write(text, (error) => {
          if (!error) return resolve();
          if (!isClosedPipe(error)) return reject(error);
          close();
          resolve();
        });
      });
    },
    [Symbol.dispose]() {
      // The error event of a failed write may come a tick after its callback.
      setImmediate(() => stream.off('error', onError));
    },
  };
}

function isClosedPipe(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || code === 'EOF';
}
