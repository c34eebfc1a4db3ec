const mb = 1_048_576;

/**
 * How large a request's body may be, decompressed: an ingest upload 150 MB (Bulk API 2.0, "Bulk API limits"), any
 * other API request 50 MB (REST API, "Insert or Update Blob Data"); the control surface's lists of ids and the
 * forms of a login come nowhere near theirs.
 */
export function maxBodyBytes(path: string): number {
  if (/^\/+services\/+data\/+[^/]+\/+jobs\/+ingest\b/i.test(path)) return 150 * mb;
  if (/^\/+services\/+data\//i.test(path)) return 50 * mb;
  return path.startsWith('/services/') ? mb : 32 * mb;
}
