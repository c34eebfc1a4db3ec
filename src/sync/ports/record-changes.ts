import type { CallOptions } from './call-options.ts';

/** A span of the org's time, ms since 1970. The API drops the seconds of both ends. */
export interface Window {
  start: number;
  end: number;
}

export interface UpdatedAnswer {
  ids: string[];
  /** ms since 1970; null where the answer says none. */
  latestDateCovered: number | null;
  /** The `Date` header of the answer, ms since 1970 (whole seconds). */
  answeredAt: number;
  /** From sending to the end of the answer, monotonic. */
  durationMs: number;
  readAt: number;
}

export interface DeletedAnswer {
  records: { id: string; deletedDate: string }[];
  earliestDateAvailable: number | null;
  latestDateCovered: number | null;
  answeredAt: number;
  durationMs: number;
  readAt: number;
}

/** What has changed in a span, as Salesforce lists it. Throws `EXCEEDED_ID_LIMIT`, `INVALID_REPLICATION_DATE`. */
export interface RecordChanges {
  updated(window: Window, options?: CallOptions): Promise<UpdatedAnswer>;
  deleted(window: Window, options?: CallOptions): Promise<DeletedAnswer>;
}
