import type { ErrorCode } from '../base/error-codes.ts';
import { AppError } from '../base/errors.ts';

/** `details` of every AppError that a call to the org ends with. */
export interface RemoteErrorDetails {
  /** HTTP status; null where no answer came. */
  status: number | null;
  /** Salesforce's own code; null where the answer had none. */
  errorCode: string | null;
  retryAfterMs: number | null;
  /** Method and path, never the query. */
  request: string;
  /** For REQUEST_LIMIT_EXCEEDED. */
  limit?: 'daily' | 'app' | 'concurrent' | 'other';
  /** For NETWORK_UNREACHABLE. */
  network?: 'unreachable' | 'cut' | 'tls' | 'proxy';
  /** The answer's time leaps; asked again, further answers may bear it out. */
  clockLeapt?: true;
  /** Salesforce failed over this very request, and may well take the next. */
  ofRequest?: true;
  /** Fields that Salesforce named. */
  fields?: string[];
}

export function remoteError(
  code: ErrorCode,
  message: string,
  details: RemoteErrorDetails,
  options: { hint?: string; cause?: unknown } = {},
): AppError {
  return new AppError(code, message, { ...options, details });
}

export function remoteDetails(error: unknown): RemoteErrorDetails | null {
  if (!(error instanceof AppError)) return null;
  const details = error.details;
  return typeof details === 'object' && details !== null && 'request' in details
    ? (details as RemoteErrorDetails)
    : null;
}
