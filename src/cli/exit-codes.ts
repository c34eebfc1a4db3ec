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

/** Codes that are not here end with 1. */
export const exitCodeByErrorCode: Readonly<Record<string, number>> = {
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
  LOCK_TIMEOUT: exitCodes.busy,

  INTERRUPTED: exitCodes.interrupted,
  TERMINATED: exitCodes.terminated,
};

export function exitCodeOf(errorCode: string): number {
  if (Object.hasOwn(exitCodeByErrorCode, errorCode)) return exitCodeByErrorCode[errorCode]!;
  // Every fault of a credential store ends alike, whatever a store adds to its name.
  return errorCode.startsWith('CREDENTIAL_STORE_') ? exitCodes.login : exitCodes.failed;
}
