import { type ErrorCode, isErrorCode } from '../base/error-codes.ts';

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  login: 3,
  partial: 4,
  unavailable: 5,
  busy: 6,
  /** 128 + SIGINT, as shells count. */
  interrupted: 130,
  /** 128 + SIGTERM. */
  terminated: 143,
} as const;

/** Complete: a code that is new does not compile until it stands here. */
export const exitCodeByErrorCode: Readonly<Record<ErrorCode, number>> = {
  INVALID_INPUT: exitCodes.usage,
  UNKNOWN_ORG: exitCodes.usage,
  UNKNOWN_RUN: exitCodes.usage,
  UNKNOWN_CONTACT: exitCodes.usage,
  UNKNOWN_ENTRY: exitCodes.usage,
  NO_ORGS: exitCodes.usage,
  AMBIGUOUS_ORG: exitCodes.usage,
  CLIENT_ID_MISSING: exitCodes.usage,

  LOGIN_REQUIRED: exitCodes.login,
  LOGIN_DENIED: exitCodes.login,
  LOGIN_FAILED: exitCodes.login,
  LOGIN_TIMEOUT: exitCodes.login,
  LOGIN_PORT_TAKEN: exitCodes.login,
  OTHER_USER: exitCodes.login,
  GRANT_REPLACED: exitCodes.login,
  CREDENTIAL_STORE_UNAVAILABLE: exitCodes.login,

  PARTIAL: exitCodes.partial,
  MIRROR_BEHIND: exitCodes.partial,

  IN_DOUBT: exitCodes.unavailable,
  UNSENT: exitCodes.unavailable,
  NETWORK_UNREACHABLE: exitCodes.unavailable,
  TIMEOUT: exitCodes.unavailable,
  ORG_UNAVAILABLE: exitCodes.unavailable,
  REFUSED_FOR_NOW: exitCodes.unavailable,
  REQUEST_LIMIT_EXCEEDED: exitCodes.unavailable,
  API_BUDGET_EXHAUSTED: exitCodes.unavailable,
  QUERY_TIMEOUT: exitCodes.unavailable,
  BULK_JOB_SLOW: exitCodes.unavailable,
  BULK_JOB_INCOMPLETE: exitCodes.unavailable,
  PAGE_INCOMPLETE: exitCodes.unavailable,
  COPY_DIFFERS: exitCodes.unavailable,

  ORG_BUSY: exitCodes.busy,
  MIRROR_BUSY: exitCodes.busy,
  DATA_DIR_BUSY: exitCodes.busy,
  LEASE_LOST: exitCodes.busy,
  LOCK_TIMEOUT: exitCodes.busy,

  ALL_ORGS_FAILED: exitCodes.failed,
  BULK_JOB_FAILED: exitCodes.failed,
  CURSOR_IN_FUTURE: exitCodes.failed,
  CURSOR_OUT_OF_REACH: exitCodes.failed,
  DATA_DIR_UNWRITABLE: exitCodes.failed,
  DISK_FULL: exitCodes.failed,
  DOCTOR_FAILED: exitCodes.failed,
  EXCEEDED_ID_LIMIT: exitCodes.failed,
  FILES_EXPOSED: exitCodes.failed,
  FILE_NOT_ACCESSIBLE: exitCodes.failed,
  INVALID_FIELD: exitCodes.failed,
  INVALID_QUERY_LOCATOR: exitCodes.failed,
  INVALID_REPLICATION_DATE: exitCodes.failed,
  LOCKS_UNUSABLE: exitCodes.failed,
  MIRROR_CORRUPT: exitCodes.failed,
  MIRROR_EXISTS: exitCodes.failed,
  MIRROR_FAILED: exitCodes.failed,
  MIRROR_NEWER_THAN_TOOL: exitCodes.failed,
  MIRROR_REPLACED: exitCodes.failed,
  NOT_AVAILABLE: exitCodes.failed,
  NOT_BACKFILLED: exitCodes.failed,
  NO_MIRROR: exitCodes.failed,
  ORG_CHANGED: exitCodes.failed,
  ORG_CONNECTED: exitCodes.failed,
  OUTBOX_OPEN: exitCodes.failed,
  PAGING_STUCK: exitCodes.failed,
  PORT_IN_USE: exitCodes.failed,
  PROGRESS_UNREADABLE: exitCodes.failed,
  REGISTRY_CORRUPT: exitCodes.failed,
  REGISTRY_NEWER_THAN_TOOL: exitCodes.failed,
  RESULT_PAGES_UNSUPPORTED: exitCodes.failed,
  SALESFORCE_ERROR: exitCodes.failed,
  UNEXPECTED_COLUMN: exitCodes.failed,
  UNEXPECTED_ERROR: exitCodes.failed,
  USAGE_UNREADABLE: exitCodes.failed,

  INTERRUPTED: exitCodes.interrupted,
  TERMINATED: exitCodes.terminated,
};

/** Of a code as JSON holds it; a word that is none ends like any failure. */
export function exitCodeOf(errorCode: string): number {
  return isErrorCode(errorCode) ? exitCodeByErrorCode[errorCode] : exitCodes.failed;
}
