import { EventEmitter } from 'node:events';
import type { CliStream } from '../../../src/cli/cli-io.ts';

export interface CapturedStream extends CliStream {
  text: string;
}

/** A stream that keeps what is written. `failWith` makes every write fail, as a closed pipe does. */
export function captureStream({
  isTTY = false,
  columns,
  failWith,
}: {
  isTTY?: boolean;
  columns?: number;
  failWith?: NodeJS.ErrnoException;
} = {}): CapturedStream {
  const events = new EventEmitter();
  const terminal = {
    // What a spinner does to a terminal, as the escape sequences that a real one gets.
    cursorTo: (column: number) => stream.write(`\u001b[${column + 1}G`),
    clearLine: () => stream.write('\u001b[K'),
    moveCursor: (_columns: number, rows: number) => stream.write(`\u001b[${-rows}A`),
  };
  const stream: CapturedStream = {
    ...terminal,
    isTTY,
    columns,
    text: '',
    write(text, done) {
      if (failWith) {
        queueMicrotask(() => {
          done?.(failWith);
          if (events.listenerCount('error') > 0) events.emit('error', failWith);
        });
        return false;
      }
      this.text += text;
      if (done) queueMicrotask(() => done());
      return true;
    },
    on(event, listener) {
      return events.on(event, listener);
    },
    off(event, listener) {
      return events.off(event, listener);
    },
  };
  return stream;
}
