/**
 * Every code that an AppError may have: stable words, part of the contract with scripts. What to do about each stands
 * in docs/reference/errors.md, with which code a command ends in the command line's table of exit codes.
 */
export const errorCodes = [
  'ALL_ORGS_FAILED',
  'AMBIGUOUS_ORG',
  'API_BUDGET_EXHAUSTED',
  'BULK_JOB_FAILED',
  'BULK_JOB_INCOMPLETE',
  'BULK_JOB_SLOW',
  'CLIENT_ID_MISSING',
  'COPY_DIFFERS',
  'CREDENTIAL_STORE_UNAVAILABLE',
  'CURSOR_IN_FUTURE',
  'CURSOR_OUT_OF_REACH',
  'DATA_DIR_BUSY',
  'DATA_DIR_UNWRITABLE',
  'DISK_FULL',
  'DOCTOR_FAILED',
  'EXCEEDED_ID_LIMIT',
  'FILES_EXPOSED',
  'FILE_NOT_ACCESSIBLE',
  'GRANT_REPLACED',
  'INTERRUPTED',
  'INVALID_FIELD',
  'INVALID_INPUT',
  'INVALID_QUERY_LOCATOR',
  'INVALID_REPLICATION_DATE',
  'IN_DOUBT',
  'LEASE_LOST',
  'LOCKS_UNUSABLE',
  'LOCK_TIMEOUT',
  'LOGIN_DENIED',
  'LOGIN_FAILED',
  'LOGIN_PORT_TAKEN',
  'LOGIN_REQUIRED',
  'LOGIN_TIMEOUT',
  'MIRROR_BEHIND',
  'MIRROR_BUSY',
  'MIRROR_CORRUPT',
  'MIRROR_EXISTS',
  'MIRROR_FAILED',
  'MIRROR_NEWER_THAN_TOOL',
  'MIRROR_REPLACED',
  'NETWORK_UNREACHABLE',
  'NOT_AVAILABLE',
  'NOT_BACKFILLED',
  'NO_MIRROR',
  'NO_ORGS',
  'ORG_BUSY',
  'ORG_CHANGED',
  'ORG_CONNECTED',
  'ORG_UNAVAILABLE',
  'OTHER_USER',
  'OUTBOX_OPEN',
  'PAGE_INCOMPLETE',
  'PAGING_STUCK',
  'PARTIAL',
  'PORT_IN_USE',
  'PROGRESS_UNREADABLE',
  'QUERY_TIMEOUT',
  'REFUSED_FOR_NOW',
  'REGISTRY_CORRUPT',
  'REGISTRY_NEWER_THAN_TOOL',
  'REQUEST_LIMIT_EXCEEDED',
  'RESULT_PAGES_UNSUPPORTED',
  'SALESFORCE_ERROR',
  'TERMINATED',
  'TIMEOUT',
  'UNEXPECTED_COLUMN',
  'UNEXPECTED_ERROR',
  'UNKNOWN_CONTACT',
  'UNKNOWN_ENTRY',
  'UNKNOWN_ORG',
  'UNKNOWN_RUN',
  'UNSENT',
  'USAGE_UNREADABLE',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

const known: ReadonlySet<string> = new Set(errorCodes);

export function isErrorCode(word: string): word is ErrorCode {
  return known.has(word);
}

/** For a word that comes from outside of the program: a file, another thread, JSON. */
export function errorCodeOf(word: string): ErrorCode {
  return isErrorCode(word) ? word : 'UNEXPECTED_ERROR';
}
