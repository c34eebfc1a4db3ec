import type { ErrorCode } from './error-codes.ts';
import type { DetailsOf } from './error-details.ts';

export interface AppErrorOptions<C extends ErrorCode = ErrorCode> {
  /** One sentence that says what to do next. */
  hint?: string;
  /** Machine-readable particulars; goes into `error.details` of the JSON output, so never a secret. */
  details?: DetailsOf<C>;
  cause?: unknown;
}

/**
 * The one error class that crosses room borders. Foreign errors are mapped to it once, at the door of the
 * room that met them; the command line turns it into text, JSON and an exit code in one place.
 */
export class AppError<C extends ErrorCode = ErrorCode> extends Error {
  /** Stable upper-case word, listed in docs/reference/errors.md. */
  readonly code: C;
  readonly hint: string | undefined;
  readonly details: DetailsOf<C> | undefined;

  constructor(code: C, message: string, options: AppErrorOptions<C> = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }
}

/** With one of `codes`, where any are given; `details` then have that code's type. */
export function isAppError<C extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: readonly C[]
): error is AppError<C> {
  return (
    error instanceof AppError && (codes.length === 0 || (codes as readonly string[]).includes(error.code))
  );
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * What went wrong first. `using` wraps the error of the work where closing fails too, and its sentence ("An error was
 * suppressed during disposal") says nothing of either.
 */
export function firstError(error: unknown): unknown {
  let first = error;
  // Told by name: where `using` is compiled away, the class is the compiler's own.
  for (let depth = 0; depth < 8 && first instanceof Error && first.name === 'SuppressedError'; depth++)
    first = (first as Error & { suppressed: unknown }).suppressed;
  return first;
}

/** Node's `code` of a system error (`ECONNREFUSED`, `EACCES`), searched along the `cause` chain. */
export function systemCodeOf(error: unknown): string | undefined {
  for (let e: unknown = error, depth = 0; e instanceof Error && depth < 8; e = e.cause, depth++) {
    if (e instanceof AggregateError && e.errors.length > 0) {
      const inner = systemCodeOf(e.errors[0]);
      if (inner !== undefined) return inner;
    }
    const code = (e as NodeJS.ErrnoException).code;
    if (typeof code === 'string' && !(e instanceof AppError)) return code;
  }
  return undefined;
}
