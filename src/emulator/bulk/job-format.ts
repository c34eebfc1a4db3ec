import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { BulkFormat } from '../org/org.ts';

export const delimiterChars: Record<BulkFormat['columnDelimiter'], string> = {
  BACKQUOTE: '`',
  CARET: '^',
  COMMA: ',',
  PIPE: '|',
  SEMICOLON: ';',
  TAB: '\t',
};

export const lineEndingChars: Record<BulkFormat['lineEnding'], string> = { LF: '\n', CRLF: '\r\n' };

/** Jobs as JSON, whose `apiVersion` is written with its decimal: `62.0` (Bulk API 2.0, Create a Job, Response). */
export function jobAnswer(value: unknown): Answer {
  const answer = jsonAnswer(200, value);
  return { ...answer, body: String(answer.body).replace(/"apiVersion":(\d+)(?=[,}])/g, '"apiVersion":$1.0') };
}

/** Reads `columnDelimiter`, `lineEnding` and `contentType` of a new job (Bulk API 2.0, Create a Job). */
export function readFormat(body: Record<string, unknown>): BulkFormat {
  const { columnDelimiter = 'COMMA', lineEnding = 'LF', contentType = 'CSV' } = body;
  if (typeof contentType !== 'string' || contentType.toUpperCase() !== 'CSV') {
    throw apiError(
      400,
      'INVALIDJOB',
      `Unsupported content type: ${String(contentType)}. Only CSV is supported.`,
    );
  }
  return {
    columnDelimiter: oneOf(columnDelimiter, Object.keys(delimiterChars), 'columnDelimiter'),
    lineEnding: oneOf(lineEnding, Object.keys(lineEndingChars), 'lineEnding'),
  } as BulkFormat;
}

function oneOf(value: unknown, allowed: string[], name: string): string {
  const text = typeof value === 'string' ? value.toUpperCase() : '';
  if (!allowed.includes(text)) {
    throw apiError(
      400,
      'INVALIDJOB',
      `Invalid value for ${name}: ${String(value)}. Allowed are ${allowed.join(', ')}.`,
    );
  }
  return text;
}
