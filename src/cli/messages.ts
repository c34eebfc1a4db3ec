import { cutText } from '../base/cut-text.ts';
import { createLogger, type LogFields, type Logger, type LogLevel } from '../base/logger.ts';
import { printableLine } from '../base/printable.ts';
import type { OutputConfig } from '../config/config.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { Redact } from '../contract/redact.ts';
import type { ErrorReport } from './error-report.ts';
import type { Style } from './ink.ts';
import type { JsonLog } from './json-log.ts';
import type { OrgNames } from './org-names.ts';
import type { OutputStream } from './output-stream.ts';

/** Lines for people, on stderr or in a log; a line break within one becomes a space. Never a result. */
export interface Messages {
  /** What happens, as far as `--quiet` allows it. */
  say(line: string): void;
  warn(line: string): void;
  /** Said even with `--quiet`, and on stderr always. */
  fail(lines: readonly string[]): void;
  /** What a command ended with, in the same way. */
  failure(report: ErrorReport): void;
  /** The rooms' own messages: warnings always, more with each `--verbose`, only errors with `--quiet`. */
  log: Logger;
  /** From here on all but `fail` goes into the log; to stderr what the log does not take. */
  setLog(log: JsonLog): void;
  /** Whether messages go into a log. */
  readonly isLogged: boolean;
  /** Something that paints on the same terminal gets out of the way of each line. */
  setPainter(painter: Painter | null): void;
  /** Resolves when every line has been taken. */
  flush(): Promise<void>;
}

export interface Painter {
  clear(): void;
  paint(): void;
}

export interface MessagesOptions {
  output: OutputConfig;
  stream: OutputStream;
  style: Style;
  redact: Redact;
  orgNames: OrgNames;
}

/** More of a line than this nobody reads. */
const shownCharacters = 8_192;
/** Some more is searched for secrets, so that one at the end of what is shown is seen whole. */
const searchedCharacters = 65_536;

export function createMessages({ output, stream, style, redact, orgNames }: MessagesOptions): Messages {
  let painter: Painter | null = null;
  let log: JsonLog | null = null;
  let written: Promise<void> = Promise.resolve();
  // Cleaned first: characters that nobody sees must not hide a secret from the redaction.
  const clean = (text: string) =>
    cutText(redact(printableLine(cutText(text, searchedCharacters))), shownCharacters);
  const write = (line: string): Promise<void> => {
    painter?.clear();
    // A stderr that cannot be written to leaves nowhere to complain.
    written = stream.write(`${clean(line)}\n`).catch(() => {});
    painter?.paint();
    return written;
  };
  const fail = (lines: readonly string[]) => {
    for (const line of lines) {
      // A hint holds commands to type, which a name might not fit.
      if (line.startsWith('Hint:')) write(line.replace('Hint:', style.cyan('Hint:')));
      else write(orgNames.inSentence(line).replace(/^Error:/, style.red('Error:')));
    }
    return written;
  };
  /** Into the log, where there is one; `inText` says the same on stderr. */
  const tell = (
    { at, message, fields = {} }: { at: LogLevel; message: string; fields?: LogFields },
    inText: () => Promise<void>,
  ) => {
    if (log === null) return void inText();
    const taken = log.write(at, plain(fields), clean(message));
    written = taken.catch(() => false).then((isRead) => (isRead ? undefined : inText()));
  };
  const level = output.quiet ? 'error' : ((['warn', 'info'] as const)[output.verbosity] ?? 'debug');
  return {
    say(line) {
      const told = orgNames.inCommands(line);
      if (!output.quiet) tell({ at: 'info', message: told }, () => write(told));
    },
    warn(line) {
      if (output.quiet) return;
      const told = orgNames.inCommands(line);
      tell({ at: 'warn', message: told }, () => write(`${style.yellow('Warning:')} ${told}`));
    },
    fail: (lines) => void fail(lines),
    failure({ info, lines, trace }) {
      const fields = { error: info, ...(trace.length > 0 && { stack: trace }) };
      tell({ at: 'error', message: info.message, fields }, () => fail([...lines, ...trace]));
    },
    log: createLogger(level, (at, message, fields) => {
      const tail = fields === undefined ? '' : ` ${style.dim(fieldsOf(fields))}`;
      const told = orgNames.inCommands(message);
      tell({ at, message: told, fields }, () =>
        write(`${prefixOf(at, style)}${orgNames.inSentence(told)}${tail}`),
      );
    }),
    setLog(next) {
      log = next;
    },
    get isLogged() {
      return log !== null;
    },
    setPainter(next) {
      painter = next;
    },
    flush: () => written,
  };
}

/** An error has no members of its own that JSON would show. */
function plain(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? errorInfoOf(value) : value,
    ]),
  );
}

function prefixOf(level: LogLevel, style: Style): string {
  if (level === 'warn') return `${style.yellow('Warning:')} `;
  if (level === 'error') return `${style.red('Error:')} `;
  return `${style.dim(`[${level}]`)} `;
}

function fieldsOf(fields: LogFields): string {
  return Object.entries(fields)
    .map(([name, value]) => {
      if (value instanceof Error) return `${name}=${JSON.stringify(value.message)}`;
      return `${name}=${typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')}`;
    })
    .join(' ');
}
