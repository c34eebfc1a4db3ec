export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
/** What a message is about. The names that a log has for every line are its own. */
export type LogFields = { [name: string]: unknown; level?: never; time?: never; msg?: never };

/** Messages for people, never results. Implementations write to stderr or a log file; secrets never come here. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const rank: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A logger that hands every line at or above `level` to `write`. */
export function createLogger(
  level: LogLevel,
  write: (level: LogLevel, message: string, fields: LogFields | undefined) => void,
): Logger {
  const at =
    (own: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (rank[own] >= rank[level]) write(own, message, fields);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
