import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import type { App, AppIo } from '../contract/app.ts';

/** What the command line needs of a writable stream; a terminal's size where it is one. */
export interface CliStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Its descriptor, where the system has one for it. */
  readonly fd?: number;
  write(text: string, done?: (error?: Error | null) => void): boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** Opens nothing: files, credential store and network are touched by the call that needs them. */
export type CreateApp = (config: Config, io: AppIo) => Promise<App>;

/** SIGHUP comes when the terminal is closed. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
}

/** Everything outside of the process that a command touches by itself; a test hands in its own. */
export interface CliIo {
  stdin: NodeJS.ReadStream;
  stdout: CliStream;
  stderr: CliStream;
  env: Environment;
  cwd: string;
  /** Wall time, milliseconds since 1970. */
  now: () => number;
  signals: SignalSource;
  /** Ends the process at once. */
  exit: (code: number) => void;
  /** Loaded when a command first needs it, so that `--help` and `--version` stay quick. */
  loadApp: () => Promise<CreateApp>;
}
