import type { ApiRequest } from '../http/request.ts';

/** `Sforce-Query-Options: batchSize=500`: 200 to 2,000, values beyond are brought to the nearer end (a hint). */
export function queryBatchSize(request: ApiRequest): number {
  const match = /batchSize\s*=\s*(\d+)/i.exec(request.headers['sforce-query-options'] ?? '');
  if (!match) return 2_000;
  return Math.min(2_000, Math.max(200, Number(match[1])));
}

/** `Sforce-Duplicate-Rule-Header: allowSave=true`. */
export function allowsDuplicates(request: ApiRequest): boolean {
  return /allowSave\s*=\s*true/i.test(request.headers['sforce-duplicate-rule-header'] ?? '');
}
