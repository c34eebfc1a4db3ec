import { notFound } from '../http/api-error.ts';

/** "Available Version" of the resources that came after the oldest supported version, by path below it. */
const since: readonly (readonly [RegExp, number])[] = [
  [/^\/composite\/batch$/i, 34],
  [/^\/composite\/tree\//i, 35],
  [/^\/parameterizedSearch$/i, 36],
  [/^\/composite$/i, 38],
  [/^\/limits\/recordCount$/i, 40],
  [/^\/ui-api\//i, 41],
  [/^\/jobs\/ingest(\/|$)/i, 41],
  [/^\/composite\/sobjects(\/|$)/i, 42],
  [/^\/jobs\/query(\/|$)/i, 47],
  [/^\/composite\/graph$/i, 50],
];

/** 404 for a resource that the version of the API has not yet. */
export function requireAvailable(path: string, version: number): void {
  const first = since.find(([pattern]) => pattern.test(path))?.[1];
  if (first !== undefined && version < first) throw notFound();
}
