import { abortReason } from '../base/abort.ts';
import type { CliIo, StopSignal } from './cli-io.ts';
import { exitCodes } from './exit-codes.ts';

export interface StopSignals extends Disposable {
  readonly signal: AbortSignal;
  /** The first signal that came, or null. */
  readonly stoppedBy: StopSignal | null;
  /** As SIGINT does. */
  interrupt(): void;
  /** Ends the work without a signal, as when nobody reads the output any more. */
  stop(): void;
}

const names: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The first signal asks the work to end, the second ends the process at once. */
export function listenForStop(
  io: Pick<CliIo, 'signals' | 'exit'>,
  onFirst: (signal: StopSignal) => void,
): StopSignals {
  const controller = new AbortController();
  let stoppedBy: StopSignal | null = null;
  const onSignal = (name: StopSignal) => {
    if (stoppedBy !== null) {
      // The shell and the system both say that a terminal was closed; that is no impatience.
      if (name === 'SIGHUP') return;
      io.exit(name === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated);
      return;
    }
    stoppedBy = name;
    onFirst(name);
    controller.abort(abortReason(`The command was ended by ${name}.`));
  };
  for (const name of names) io.signals.on(name, onSignal);
  return {
    signal: controller.signal,
    get stoppedBy() {
      return stoppedBy;
    },
    interrupt: () => onSignal('SIGINT'),
    stop: () => controller.abort(abortReason()),
    [Symbol.dispose]() {
      for (const name of names) io.signals.off(name, onSignal);
    },
  };
}
