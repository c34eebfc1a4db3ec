import type { SignalSource } from './cli-io.ts';

/**
 * `source`, heard to the end of the process: where nobody listens any more, a signal calls `end`. Behind its result a
 * command needs a moment to go, and the system would end it in that as one that was interrupted. Who runs it again, as
 * that exit code says, would push every record once more.
 */
export function lastingSignals(source: SignalSource, end: () => void): SignalSource {
  return {
    on(name, listener) {
      source.on(name, listener);
      source.off(name, end);
    },
    off(name, listener) {
      source.off(name, end);
      source.on(name, end);
      source.off(name, listener);
    },
  };
}
