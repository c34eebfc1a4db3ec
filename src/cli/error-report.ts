import { AppError, firstError, isAppError, systemCodeOf } from '../base/errors.ts';
import { printableLine } from '../base/printable.ts';
import type { ErrorInfo } from '../contract/error-info.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import { type Redact, redactDeep } from '../contract/redact.ts';
import type { StopSignal } from './cli-io.ts';
import { exitCodeOf } from './exit-codes.ts';
import type { OrgNames } from './org-names.ts';
import { usageErrorOf } from './usage-error.ts';

export interface ErrorReport {
  /** For the JSON output; free of secrets. */
  info: ErrorInfo;
  exitCode: number;
  /** For stderr: the sentence and the hint. */
  lines: string[];
  /** With `verbose`: where it came from, line by line. */
  trace: string[];
}

export interface ReportOptions {
  redact: Redact;
  verbose: boolean;
  /** The signal that ended the work, where one did. */
  stoppedBy: StopSignal | null;
  /** For the commands that a hint proposes. */
  orgNames: Pick<OrgNames, 'inCommands'>;
}

/** The one place that turns an error into text, JSON and an exit code. */
export function reportError(
  thrown: unknown,
  { redact, verbose, stoppedBy, orgNames }: ReportOptions,
): ErrorReport {
  const error = firstError(thrown);
  const told = infoOf(error, stoppedBy);
  const hint = told.hint === null ? null : orgNames.inCommands(told.hint, orgOf(told), told.message);
  const info = redactDeep({ ...told, hint }, redact);
  const lines = [`Error: ${info.message}`];
  if (info.hint !== null) lines.push(`Hint: ${info.hint}`);
  if (!verbose && info.code === 'UNEXPECTED_ERROR') {
    lines.push('Hint: Run the command again with --verbose to see where this came from.');
  }
  const trace = verbose ? traceOf(error).map(redact) : [];
  return { info, exitCode: exitCodeOf(info.code), lines, trace };
}

/** The one org that an error says it is of. */
function orgOf({ details }: ErrorInfo): string | null {
  const { instanceUrl } = (details ?? {}) as { instanceUrl?: unknown };
  return typeof instanceUrl === 'string' ? instanceUrl : null;
}

function infoOf(error: unknown, stoppedBy: StopSignal | null): ErrorInfo {
  const usage = usageErrorOf(error);
  if (usage !== null) return errorInfoOf(usage);
  const info = errorInfoOf(systemErrorOf(error) ?? error);
  if (info.code !== 'INTERRUPTED' || stoppedBy === null) return info;
  return {
    code: stoppedBy === 'SIGINT' ? 'INTERRUPTED' : 'TERMINATED',
    message: `The command was ended by ${stoppedBy}; what was done is kept.`,
    hint: info.hint ?? 'Run the same command again to go on.',
    details: info.details,
  };
}

/**
 * Rooms map the system's errors themselves; one that slipped through still gets its sentence instead of a trace.
 */
function systemErrorOf(error: unknown): AppError | null {
  if (isAppError(error)) return null;
  const path = error instanceof Error ? (error as NodeJS.ErrnoException).path : undefined;
  const where = path === undefined ? '' : ` (${path})`;
  switch (systemCodeOf(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AppError('FILE_NOT_ACCESSIBLE', `A file or folder may not be read or written${where}.`, {
        hint: 'Check its owner and permissions, or name another data folder with --data-dir.',
        cause: error,
      });
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new AppError('DISK_FULL', `There is no space left on the disk${where}.`, {
        hint: 'Make room, or name a data folder on another disk with --data-dir.',
        cause: error,
      });
    case 'ECONNREFUSED':
    case 'ECONNRESET':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new AppError('NETWORK_UNREACHABLE', 'Salesforce cannot be reached.', {
        hint: 'Check the network and the proxy (HTTPS_PROXY, NO_PROXY), then try again.',
        cause: error,
      });
    default:
      return null;
  }
}

/** Stacks along the chain of causes, bounded because a chain may bite its own tail. */
function traceOf(error: unknown): string[] {
  const lines: string[] = [];
  for (let e: unknown = error, depth = 0; e instanceof Error && depth < 8; e = e.cause, depth++) {
    // Line breaks in a message would pass for lines of the trace.
    const stack = (e.stack ?? String(e)).replace(e.message, () => printableLine(e.message));
    lines.push(...(depth === 0 ? [] : ['caused by:']), ...stack.split('\n'));
  }
  return lines;
}
