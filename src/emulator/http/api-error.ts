import type { Answer } from './answer.ts';
import { jsonAnswer } from './answer.ts';

export interface ErrorItem {
  message: string;
  errorCode: string;
  fields?: string[];
  [key: string]: unknown;
}

/**
 * A refusal in Salesforce's own form: an HTTP status and an array of `{message, errorCode, fields?}`
 * (REST API Developer Guide, "Status Codes and Error Responses").
 */
export class ApiError extends Error {
  readonly status: number;
  readonly items: ErrorItem[];
  readonly headers: Record<string, string>;

  constructor(status: number, items: ErrorItem | ErrorItem[], headers: Record<string, string> = {}) {
    const list = Array.isArray(items) ? items : [items];
    super(list[0]?.message ?? 'error');
    this.name = 'ApiError';
    this.status = status;
    this.items = list;
    this.headers = headers;
  }
}

export function apiError(status: number, errorCode: string, message: string, fields?: string[]): ApiError {
  return new ApiError(status, fields ? { message, errorCode, fields } : { message, errorCode });
}

export const notFound = (message = 'The requested resource does not exist'): ApiError =>
  apiError(404, 'NOT_FOUND', message);

export function errorAnswer(error: ApiError): Answer {
  return jsonAnswer(error.status, error.items, error.headers);
}
