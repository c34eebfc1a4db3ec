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
  /** The work has ended and was told: what comes now may hasten the end of the process, whose exit code stays `code`. */
  settle(code: number): void;
}

const names: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * A signal that comes again so soon is the same: `timeout` and other wrappers hand on what the terminal has sent to them and to
 * the command alike.
 */
const sameSignalMs = 300;

/** For what is noted when the last answer is given up: a run's end, API calls, the release of locks. */
const afterwardsMs = 5_000;

export interface StopOptions {
  onFirst: (signal: StopSignal) => void;
  /** How long work that is told to end may wait for what has left, ms; asked when the signal comes. */
  budgetMs: () => number;
}

/** The first signal asks the work to end; the second, or the end of the budget, ends the process at once. */
export function listenForStop(
  io: Pick<CliIo, 'signals' | 'exit'>,
  { onFirst, budgetMs }: StopOptions,
): StopSignals {
  const controller = new AbortController();
  let stoppedBy: StopSignal | null = null;
  let deadline: NodeJS.Timeout | undefined;
  let freshness: NodeJS.Timeout | undefined;
  let settled: number | null = null;
  let isFresh = false;
  const end = (name: StopSignal) =>
    io.exit(settled ?? (name === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated));
  const onSignal = (name: StopSignal) => {
    if (stoppedBy !== null) {
      // The shell and the system both say that a terminal was closed; that is no impatience.
      if (name === 'SIGHUP' || (isFresh && name === stoppedBy)) return;
      end(name);
      return;
    }
    stoppedBy = name;
    isFresh = true;
    freshness = setTimeout(() => {
      isFresh = false;
    }, sameSignalMs).unref();
    onFirst(name);
    // Work that ends by itself is not held up by it.
    deadline = setTimeout(() => end(name), budgetMs() + afterwardsMs).unref();
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
    settle: (code) => {
      settled = code;
    },
    [Symbol.dispose]() {
      clearTimeout(deadline);
      clearTimeout(freshness);
      for (const name of names) io.signals.off(name, onSignal);
    },
  };
}
