import { pino } from 'pino';
import { isoTime } from '../base/iso-time.ts';
import type { LogFields, LogLevel } from '../base/logger.ts';
import { escapedJson } from '../base/printable-json.ts';
import { type Redact, redactDeep } from '../contract/redact.ts';

/** A log of JSON objects, one a line: `level`, `time` (ISO 8601, UTC), the fields, and `msg` where there is a message. */
export interface JsonLog {
  /** Resolves when the line has been taken, with whether there is still somebody who reads; rejects where it cannot be. */
  write(level: LogLevel, fields: LogFields, message?: string): Promise<boolean>;
}

export interface JsonLogOptions {
  now: () => number;
  redact: Redact;
  /** Called once for each line, in their order, before `JsonLog.write` returns. */
  write: (line: string) => Promise<boolean>;
}

/** Lines go to `write` at once, on this thread: what is behind it has to wait, to fail and to end as the command does. */
export function createJsonLog({ now, redact, write }: JsonLogOptions): JsonLog {
  let written = Promise.resolve(true);
  const logger = pino(
    {
      // What is to be left out is decided before, as it is for text.
      level: 'debug',
      base: null,
      timestamp: () => `,"time":"${isoTime(now())}"`,
      formatters: {
        level: (level) => ({ level }),
        log: (fields) => redactDeep(fields, redact),
      },
    },
    {
      write(line) {
        written = write(escapedJson(line));
      },
    },
  );
  return {
    write(level, fields, message) {
      logger[level](fields, message === undefined ? undefined : redact(message));
      return written;
    },
  };
}
