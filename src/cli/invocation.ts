import type { AppError } from '../base/errors.ts';
import type { Config, OutputConfig } from '../config/config.ts';
import type { ErrorInfo } from '../contract/error-info.ts';
import type { CliIo } from './cli-io.ts';
import type { CommandApp } from './command-app.ts';
import type { JsonLog } from './json-log.ts';
import type { Messages } from './messages.ts';
import type { OrgNames } from './org-names.ts';
import type { Terminal } from './terminal.ts';

/** One command under way: what its handler may use. */
export interface Invocation {
  io: CliIo;
  output: OutputConfig;
  terminal: Terminal;
  messages: Messages;
  signal: AbortSignal;
  /** What Ctrl-C does, for where the terminal hands it over as a key. */
  interrupt(): void;
  /** Throws AppError `INVALID_INPUT` where flags or environment are wrong. */
  config(): Config;
  /**
   * The app, made when first asked for and disposed when the handler is done. Events come fit for a line of text;
   * `exactEvents`, as with `--json`, are for JSON. `inlineWrites`: as `AppIo` says.
   */
  app(options?: { exactEvents?: boolean; inlineWrites?: boolean }): Promise<CommandApp>;
  /** How a text calls an org. */
  orgNames: OrgNames;
  /** Text onto stdout, for people. */
  print(text: string): Promise<void>;
  /** Data onto stdout, for programs: exactly as it is, unless stdout is a terminal. */
  printData(text: string): Promise<void>;
  /** One JSON object as a line on stdout. */
  printLine(value: object): Promise<void>;
  /** A log of JSON lines on stdout. Nothing is loaded for it before. */
  jsonLog(): Promise<JsonLog>;
  /** A secret that was just read: no text of ours may show it. */
  hide(secret: string): void;
}

/** What a command ends with. */
export interface Outcome {
  /** With `--json`: the one document. Left out by commands that stream. */
  document?: object;
  /**
   * The same for a document that is too large to hold: its text in pieces, with the error that it is to carry.
   * `infoOf` takes what goes wrong between two pieces, and gives what the rest of the document is to carry of it.
   */
  documentParts?: (error: ErrorInfo | null, infoOf: (thrown: unknown) => ErrorInfo) => AsyncIterable<string>;
  /** The document is the last of several lines, not the only one. */
  asLine?: boolean;
  /** Without `--json`: the text for stdout. */
  text?: () => string;
  /** The same for a text that is too long to hold. */
  textParts?: () => AsyncIterable<string>;
  /** Called when it has been shown, and is on the disk where it went to a file. */
  shown?: () => void;
  /** Why the exit code is not 0; what was done is in the document all the same. */
  failure?: AppError | null;
}

export type Handler = (call: Invocation) => Promise<Outcome>;
