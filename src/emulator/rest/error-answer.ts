import type { SaveResult } from '../engine/save-result.ts';
import type { Answer } from '../http/answer.ts';
import type { ErrorItem } from '../http/api-error.ts';
import { ApiError, errorAnswer, notFound } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { errorsAsXml, wantsXml } from '../http/xml.ts';
import { OrgFault } from '../schema/fault.ts';

/** Any thrown thing as an answer: the org's faults and ours in Salesforce's form, the rest as UNKNOWN_EXCEPTION. */
export function errorToAnswer(error: unknown, request: ApiRequest, duplicateKey: string): Answer {
  const known = error instanceof ApiError ? error : toApiError(error, duplicateKey);
  if (!wantsXml(request.headers.accept)) return errorAnswer(known);
  return {
    status: known.status,
    headers: { 'Content-Type': 'application/xml;charset=UTF-8', ...known.headers },
    body: errorsAsXml(known.items),
  };
}

function toApiError(error: unknown, duplicateKey: string): ApiError {
  if (error instanceof OrgFault) {
    return new ApiError(error.status, {
      ...(error.duplicateResult ? { [duplicateKey]: error.duplicateResult } : {}),
      message: error.message,
      errorCode: error.errorCode,
      ...(error.fields.length > 0 ? { fields: [...error.fields] } : {}),
    });
  }
  return new ApiError(500, {
    message: `An unexpected error occurred. Please include this ErrorId if you contact support: ${error instanceof Error ? error.message : String(error)}`,
    errorCode: 'UNKNOWN_EXCEPTION',
  });
}

/** The refusal of a single-record call: errors carry `errorCode` and always `fields`. */
export function saveError(result: SaveResult, duplicateKey: string): ApiError {
  // A resource of its own that is not there is no bad reference, as it is among the records of a collection.
  if (result.status === 404 && result.errors[0]?.statusCode === 'INVALID_CROSS_REFERENCE_KEY')
    return notFound();
  const items: ErrorItem[] = result.errors.map((e) => ({
    ...(e.duplicateResult ? { [duplicateKey]: e.duplicateResult } : {}),
    message: e.message,
    errorCode: e.statusCode,
    fields: [...e.fields],
  }));
  return new ApiError(result.status ?? 400, items);
}
