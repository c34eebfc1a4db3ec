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

/** The first SIGINT or SIGTERM asks the work to end, the second ends the process at once. */
export function listenForStop(
  io: Pick<CliIo, 'signals' | 'exit'>,
  onFirst: (signal: StopSignal) => void,
): StopSignals {
  const controller = new AbortController();
  let stoppedBy: StopSignal | null = null;
  const onSignal = (name: StopSignal) => {
    if (stoppedBy !== null) {
      io.exit(name === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated);
      return;
    }
    stoppedBy = name;
    onFirst(name);
    controller.abort(abortReason(`The command was ended by ${name}.`));
  };
  io.signals.on('SIGINT', onSignal);
  io.signals.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    get stoppedBy() {
      return stoppedBy;
    },
    interrupt: () => onSignal('SIGINT'),
    stop: () => controller.abort(abortReason()),
    [Symbol.dispose]() {
      io.signals.off('SIGINT', onSignal);
      io.signals.off('SIGTERM', onSignal);
    },
  };
}
