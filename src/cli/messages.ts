import { cutText } from '../base/cut-text.ts';
import { createLogger, type Logger } from '../base/logger.ts';
import { printableLine } from '../base/printable.ts';
import type { OutputConfig } from '../config/config.ts';
import type { Redact } from '../contract/redact.ts';
import type { Style } from './ink.ts';
import type { OrgNames } from './org-names.ts';
import type { OutputStream } from './output-stream.ts';

/** Lines for people, on stderr; a line break within one becomes a space. Never a result. */
export interface Messages {
  /** What happens, as far as `--quiet` allows it. */
  say(line: string): void;
  warn(line: string): void;
  /** Said even with `--quiet`. */
  fail(lines: readonly string[]): void;
  /** The rooms' own messages: warnings always, more with each `--verbose`, only errors with `--quiet`. */
  log: Logger;
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
  let written: Promise<void> = Promise.resolve();
  const write = (line: string) => {
    painter?.clear();
    // Cleaned first: characters that nobody sees must not hide a secret from the redaction.
    const shown = cutText(redact(printableLine(cutText(line, searchedCharacters))), shownCharacters);
    // A stderr that cannot be written to leaves nowhere to complain.
    written = stream.write(`${shown}\n`).catch(() => {});
    painter?.paint();
  };
  const level = output.quiet ? 'error' : ((['warn', 'info'] as const)[output.verbosity] ?? 'debug');
  return {
    say(line) {
      if (!output.quiet) write(line);
    },
    warn(line) {
      if (!output.quiet) write(`${style.yellow('Warning:')} ${line}`);
    },
    fail(lines) {
      for (const line of lines) {
        // A hint holds commands to type, which a name might not fit.
        if (line.startsWith('Hint:')) write(line.replace('Hint:', style.cyan('Hint:')));
        else write(orgNames.inSentence(line).replace(/^Error:/, style.red('Error:')));
      }
    },
    log: createLogger(level, (at, message, fields) => {
      const tail = fields === undefined ? '' : ` ${style.dim(fieldsOf(fields))}`;
      write(`${prefixOf(at, style)}${orgNames.inSentence(message)}${tail}`);
    }),
    setPainter(next) {
      painter = next;
    },
    flush: () => written,
  };
}

function prefixOf(level: 'debug' | 'info' | 'warn' | 'error', style: Style): string {
  if (level === 'warn') return `${style.yellow('Warning:')} `;
  if (level === 'error') return `${style.red('Error:')} `;
  return `${style.dim(`[${level}]`)} `;
}

function fieldsOf(fields: Record<string, unknown>): string {
  return Object.entries(fields)
    .map(([name, value]) => {
      if (value instanceof Error) return `${name}=${JSON.stringify(value.message)}`;
      return `${name}=${typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')}`;
    })
    .join(' ');
}
