import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';

export interface MultipartJob {
  job: string;
  content: Buffer;
}

/**
 * A job with its data in one request: parts `job` (JSON) and `content` (CSV) of a multipart/form-data body
 * (Bulk API 2.0, Create a Job, "multipart request"). Undefined where the body is not multipart.
 */
export function readMultipart(request: ApiRequest): MultipartJob | undefined {
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data/i.test(type)) return undefined;
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (boundary === undefined) throw apiError(400, 'MALFORMED_REQUEST', 'The multipart boundary is missing.');
  // Latin-1 keeps every byte as one character, so that the parts can be cut by text search.
  const pieces = request.body.toString('latin1').split(`--${boundary}`).slice(1, -1);
  const parts = new Map<string, string>();
  for (const piece of pieces) {
    const match = /^\r?\n([\s\S]*?)\r?\n\r?\n([\s\S]*?)\r?\n?$/.exec(piece);
    const name = /name="([^"]+)"/i.exec(match?.[1] ?? '')?.[1];
    if (match && name) parts.set(name, match[2] ?? '');
  }
  const job = parts.get('job');
  const content = parts.get('content');
  if (job === undefined || content === undefined) {
    throw apiError(400, 'MALFORMED_REQUEST', 'A multipart job needs the parts job and content.');
  }
  return { job: Buffer.from(job, 'latin1').toString('utf8'), content: Buffer.from(content, 'latin1') };
}
