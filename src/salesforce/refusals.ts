import type { RefusalKind } from '../base/refusal-kind.ts';
import { runAgain } from '../base/run-again.ts';

/** What a code of Salesforce's means for whoever met it. */
export interface Refusal {
  kind: RefusalKind;
  /**
   * `record`: it speaks of the row that was written or read, and Salesforce undid that row's write: nothing was
   * done. `request`: it speaks of the request or the org, and says nothing of what became of a write.
   */
  about: 'record' | 'request';
  /** What to do, one sentence. */
  hint: string;
}

interface Group extends Refusal {
  /** One or more, with blanks between them. */
  codes: string;
}

const again = 'Try again in a minute; nothing is lost.';
const limits = '"parahack-sync limits" shows the org’s limits. Nothing is lost meanwhile: try again later.';
const permission = 'The user lacks a permission for this; ask the org’s administrator.';
const automation =
  'A trigger, flow or rule of the org stopped it; the org’s administrator can look into the record’s automation.';
const mend = 'Mend the record and push it again.';
const ask = 'The request itself is wrong for this org; run again with --verbose to see what was asked.';

/**
 * Every refusal of the API that is known, for all ways of sending and for reads: one line a code, sorted by who can
 * do something about it. A code that is not here counts as the record's fault where it stands in a record's own
 * result, and as saying nothing where it stands for the whole request.
 *
 * Source: the API's own WSDL (StatusCode, ExceptionCode); SOAP API Developer Guide, "Core Data Types Used in API
 * Calls"; REST API Developer Guide, "Status Codes and Error Responses"; Bulk API 2.0 Developer Guide, "Errors"; User
 * Interface API Developer Guide, "Status Codes and Error Responses".
 */
const groups: readonly Group[] = [
  {
    kind: 'passing',
    about: 'record',
    hint: 'Somebody else is writing the same record or its account; it passes by itself.',
    codes: 'UNABLE_TO_LOCK_ROW TERRITORY_REALIGN_IN_PROGRESS RECORD_IN_USE_BY_WORKFLOW',
  },
  {
    kind: 'passing',
    about: 'record',
    hint: again,
    codes: `
      DATACLOUD_API_SERVER_BUSY_EXCEPTION DATACLOUD_API_TIMEOUT_EXCEPTION DATACLOUD_API_UNAVAILABLE
      EXTERNAL_OBJECT_CONNECTION_EXCEPTION EXTERNAL_SERVICE_CONNECTION_EXCEPTION
      INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE REQUEST_RUNNING_TOO_LONG`,
  },
  {
    kind: 'passing',
    about: 'request',
    hint: 'It may be under maintenance: see status.salesforce.com, and try again later.',
    codes: `
      FUNCTIONALITY_TEMPORARILY_UNAVAILABLE ORG_IN_MAINTENANCE ORG_IS_SIGNING_UP ORG_NOT_OWNED_BY_INSTANCE
      SERVER_UNAVAILABLE SSO_SERVICE_DOWN`,
  },
  {
    kind: 'passing',
    about: 'request',
    hint: 'The API is switched off for now: try again later. If it stays so, the user may lack the permission “API Enabled”.',
    codes: 'API_CURRENTLY_DISABLED',
  },
  {
    kind: 'passing',
    about: 'request',
    hint: 'The user’s profile allows the API at certain hours only: try again then, or ask the org’s administrator.',
    codes: 'LOGIN_DURING_RESTRICTED_TIME',
  },
  {
    kind: 'passing',
    about: 'request',
    hint: 'Salesforce gave up on the query after two minutes; a smaller span may pass.',
    codes: 'QUERY_TIMEOUT',
  },
  {
    kind: 'passing',
    about: 'request',
    hint: 'An equal request is under way; its answer will be given to this one.',
    codes: 'IDEMPOTENCY_CONCURRENT_REQUEST IDEMPOTENCY_BACKEND_ERROR',
  },
  {
    kind: 'limit',
    about: 'request',
    hint: limits,
    codes: `
      CONCURRENT_REQUESTS_LIMIT_EXCEEDED EXCEEDED_QUOTA LIMIT_EXCEEDED
      REALTIME_PROCESSING_TIME_EXCEEDED_LIMIT REQUEST_LIMIT_EXCEEDED TOO_MANY_APEX_REQUESTS TOO_MANY_JOBS
      TOO_MANY_REQUESTS TXN_SECURITY_METERING_ERROR`,
  },
  {
    kind: 'limit',
    about: 'record',
    hint: 'The org’s storage is full ("parahack-sync limits" shows DataStorageMB): its administrator makes room or buys more. What waits is sent then.',
    codes: 'STORAGE_LIMIT_EXCEEDED',
  },
  {
    kind: 'login',
    about: 'request',
    hint: 'Log in again.',
    codes: `
      INVALID_AUTH_HEADER INVALID_LOGIN INVALID_SESSION_ID LOGIN_CHALLENGE_ISSUED LOGIN_CHALLENGE_PENDING
      LOGIN_MUST_USE_SECURITY_TOKEN MUTUAL_AUTHENTICATION_FAILED TXN_SECURITY_END_A_SESSION
      TXN_SECURITY_TWO_FA_REQUIRED`,
  },
  {
    kind: 'login',
    about: 'request',
    hint: 'The user’s password has expired or is locked: set a new one in Salesforce, then log in again.',
    codes: 'INVALID_OPERATION_WITH_EXPIRED_PASSWORD PASSWORD_LOCKOUT',
  },
  {
    kind: 'app',
    about: 'request',
    hint: 'The client app may not be used by this user: the org’s administrator installs it or allows the user (OAuth policies, permitted users).',
    codes: `
      CLIENT_NOT_ACCESSIBLE_FOR_USER CLIENT_REQUIRE_UPDATE_FOR_USER INVALID_CLIENT UNSUPPORTED_CLIENT`,
  },
  {
    kind: 'admin',
    about: 'request',
    hint: 'The edition or the user’s profile lacks API access (permission “API Enabled”).',
    codes: 'API_DISABLED_FOR_ORG',
  },
  {
    kind: 'admin',
    about: 'request',
    hint: 'The org as a whole is locked, expired or lacks the feature; its administrator can tell.',
    codes: `
      APEX_REST_SERVICES_DISABLED BULK_API_NOT_ENABLED FEATURENOTENABLED FUNCTIONALITY_NOT_ENABLED
      LICENSING_DATA_ERROR LICENSING_UNKNOWN_ERROR ORG_IS_DOT_ORG ORG_LOCKED TRIAL_EXPIRED
      UNKNOWN_ORG_SETTING`,
  },
  {
    kind: 'admin',
    about: 'request',
    hint: permission,
    codes: `
      FORBIDDEN INSUFFICIENT_ACCESS LOGIN_DURING_RESTRICTED_DOMAIN OPERATION_NOT_ALLOWED
      TXN_SECURITY_NO_ACCESS`,
  },
  {
    kind: 'admin',
    about: 'request',
    hint: 'A transaction security policy of the org stopped it; the org’s administrator can exempt this user.',
    codes: 'TXN_SECURITY_APEX_ERROR TXN_SECURITY_FAIL_CLOSE TXN_SECURITY_RUNTIME_ERROR',
  },
  {
    kind: 'admin',
    about: 'record',
    hint: permission,
    codes: `
      CANNOT_DELETE_ENTITY CANNOT_DELETE_OWNER INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY
      INSUFFICIENT_ACCESS_OR_READONLY INVALID_ACCESS_LEVEL INVALID_READ_ONLY_USER_DML
      LIGHT_PORTAL_USER_EXCEPTION OP_WITH_INVALID_USER_TYPE_EXCEPTION PACKAGE_LICENSE_REQUIRED
      PORTAL_NO_ACCESS REQUIRED_FEATURE_MISSING TRANSFER_REQUIRES_READ UNAVAILABLE_RECORDTYPE_EXCEPTION`,
  },
  {
    kind: 'admin',
    about: 'record',
    hint: 'A limit of the org’s set-up is reached; its administrator can raise it or make room.',
    codes: `
      CUSTOM_METADATA_LIMIT_EXCEEDED CUSTOM_SETTINGS_LIMIT_EXCEEDED EMAIL_BATCH_SIZE_LIMIT_EXCEEDED
      EMAIL_TO_CASE_LIMIT_EXCEEDED FILTERED_LOOKUP_LIMIT_EXCEEDED IP_RANGE_LIMIT_EXCEEDED
      LICENSE_LIMIT_EXCEEDED MASS_MAIL_LIMIT_EXCEEDED MAX_RULES_EXCEEDED SINGLE_EMAIL_LIMIT_EXCEEDED`,
  },
  {
    kind: 'admin',
    about: 'record',
    hint: automation,
    codes: `
      APEX_TRIGGER_COUPLING_LIMIT CANNOT_EXECUTE_FLOW_TRIGGER CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY
      ERROR_IN_MAILER EXTERNAL_OBJECT_AUTHENTICATION_EXCEPTION EXTERNAL_OBJECT_EXCEPTION
      EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION EXTERNAL_SERVICE_AUTHENTICATION_EXCEPTION
      EXTERNAL_SERVICE_DATA_EXCEPTION EXTERNAL_SERVICE_EXCEPTION FLOW_EXCEPTION MIXED_DML_OPERATION
      NO_APPLICABLE_PROCESS SELF_REFERENCE_FROM_TRIGGER UNSUPPORTED_APEX_TRIGGER_OPERATION
      UNSUPPORTED_APEX_TRIGGER_OPERATON`,
  },
  {
    kind: 'record',
    about: 'record',
    hint: mend,
    codes: `
      ALL_OR_NONE_OPERATION_ROLLED_BACK ALREADY_IN_PROCESS ASSIGNEE_TYPE_REQUIRED BATCH_PROCESSING_HALTED
      CANNOT_REPARENT_RECORD CHILD_SHARE_FAILS_PARENT CIRCULAR_DEPENDENCY CIRCULAR_OBJECT_GRAPH
      CLONE_FIELD_INTEGRITY_EXCEPTION DELETE_FAILED DELETE_OPERATION_TOO_LARGE DELETE_REQUIRED_ON_CASCADE
      DEPENDENCY_EXISTS DUPLICATES_DETECTED DUPLICATE_ARGUMENT_VALUE DUPLICATE_EXTERNAL_ID DUPLICATE_VALUE
      ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE ENTITY_IS_ARCHIVED ENTITY_IS_DELETED ENTITY_IS_LOCKED
      FIELD_CUSTOM_VALIDATION_EXCEPTION FIELD_FILTER_VALIDATION_EXCEPTION FIELD_INTEGRITY_EXCEPTION
      ID_NOT_SPECIFIED ID_REQUIRED INACTIVE_OWNER_OR_USER INVALID_ARGUMENT_TYPE INVALID_ASSIGNMENT_RULE
      INVALID_CROSS_REFERENCE_KEY INVALID_CROSS_REFERENCE_TYPE_FOR_FIELD INVALID_CURRENCY_ISO
      INVALID_DATA_URI INVALID_DATE_FORMAT INVALID_EMAIL_ADDRESS INVALID_EMPTY_KEY_OWNER INVALID_FIELD
      INVALID_FIELD_FOR_INSERT_UPDATE INVALID_ID_FIELD INVALID_INET_ADDRESS INVALID_LOCALE_LANGUAGE
      INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST INVALID_PERSON_ACCOUNT_OPERATION INVALID_STATUS
      INVALID_TYPE_ON_FIELD_IN_RECORD JSON_PARSER_ERROR MALFORMED_ID MANAGER_NOT_DEFINED
      MAXIMUM_HIERARCHY_LEVELS_REACHED MERGE_FAILED MISSING_ARGUMENT NONUNIQUE_SHIPPING_ADDRESS
      NUMBER_OUTSIDE_VALID_RANGE PORTAL_USER_ALREADY_EXISTS_FOR_CONTACT PRIVATE_CONTACT_ON_ASSET
      PROCESSING_HALTED REQUIRED_FIELD_MISSING SHARE_NEEDED_FOR_CHILD_OWNER STATE_TRANSITION_NOT_ALLOWED
      STRING_TOO_LONG TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET TOO_MANY_ENUM_VALUE UNDELETE_FAILED
      USER_OWNS_PORTAL_ACCOUNT_EXCEPTION USER_WITH_APEX_SHARES_EXCEPTION XML_PARSER_ERROR`,
  },
  {
    kind: 'record',
    about: 'request',
    hint: 'The record or job may be gone, or this org lacks the API version: --api-version names another.',
    codes: 'GONE MISSING_RECORD NOT_FOUND RECORD_NOT_FOUND UNSUPPORTED_API_VERSION',
  },
  {
    kind: 'record',
    about: 'request',
    hint: `The query cursor has ended. To go on where it was, ${runAgain}.`,
    codes: 'INVALID_LOCATOR INVALID_QUERY_LOCATOR',
  },
  {
    kind: 'record',
    about: 'request',
    hint: 'Where the mirror has fallen behind what Salesforce’s lists reach, `parahack-sync reconcile` compares all contacts and catches up.',
    codes: 'INVALID_REPLICATION_DATE',
  },
  {
    kind: 'record',
    about: 'request',
    hint: ask,
    codes: `
      ARGUMENT_OBJECT_PARSE_ERROR BIG_OBJECT_UNSUPPORTED_OPERATION CONFLICT ENTITY_NOT_QUERYABLE
      EXCEEDED_ID_LIMIT EXCEEDED_MAX_FILTER_ENTITIES EXCEEDED_MAX_SEMIJOIN_SUBSELECTS
      EXCEEDED_MAX_SIZE_REQUEST EXCEEDED_MAX_SOBJECTS EXCEEDED_MAX_TYPES_LIMIT
      IDEMPOTENCY_KEY_ALREADY_USED ILLEGAL_QUERY_PARAMETER_VALUE INVALIDBATCH INVALIDENTITY INVALIDJOB
      INVALIDJOBSTATE INVALID_BATCH_REQUEST INVALID_BATCH_SIZE INVALID_CONTENT_TYPE
      INVALID_FILTER_VALUE INVALID_INPUT_COMBINATION INVALID_MULTIPART_REQUEST INVALID_OPERATION
      INVALID_PACKAGE_VERSION INVALID_PAGING_OPTION INVALID_QUERY_FILTER_OPERATOR INVALID_QUERY_KEY
      INVALID_QUERY_SCOPE INVALID_QUERY_VALUE INVALID_SEARCH INVALID_TYPE INVALID_TYPE_FOR_OPERATION
      MALFORMED_QUERY MALFORMED_SEARCH MALFORMED_URL METHOD_NOT_ALLOWED MISMATCHING_VERSIONS MODIFIED
      MULTIPLE_RECORDS_FOUND NOT_ACCEPTABLE OPERATION_TOO_LARGE PAYLOAD_TOO_LARGE POST_BODY_PARSE_ERROR
      PRECONDITION_FAILED QUERY_TOO_COMPLICATED REQUEST_ENTITY_TOO_LARGE TOO_MANY_RECORDS
      UNKNOWN_EXCEPTION UNSUPPORTED_MEDIA_TYPE URL_TOO_LONG`,
  },
];

const byCode = new Map<string, Refusal>(
  groups.flatMap(({ codes, ...refusal }) => wordsOf(codes).map((code) => [folded(code), refusal])),
);

function wordsOf(codes: string): string[] {
  return codes.trim().split(/\s+/);
}

/** Bulk jobs write `InvalidJob` what other parts of the API write `INVALID_JOB` or `INVALIDJOB`. */
function folded(code: string): string {
  return code.replaceAll('_', '').toUpperCase();
}

/** What is known of a code; null of one that is not in the table. */
export function refusalOf(code: string): Refusal | null {
  return byCode.get(folded(code)) ?? null;
}

/** Every code of the table, as it stands there. */
export function refusalCodes(): string[] {
  return groups.flatMap(({ codes }) => wordsOf(codes));
}

/** Whether the same write may be taken later as it is, so that the record stays in line for it. */
export function passesByItself(code: string): boolean {
  const kind = refusalOf(code)?.kind;
  return kind === 'passing' || kind === 'limit';
}
