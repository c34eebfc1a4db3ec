import type { Tombstone } from './ports/page.ts';

/** A record of the mirror that queryAll does not know any more. */
export interface AbsentRecord {
  id: string;
  /** Until when it was surely there and not deleted, ms since 1970. */
  readAt: number;
  /** When the answer that did not know it had arrived, ms. */
  evidenceAt: number;
}

/** What `deleted` names, and since when it is told for sure (`deletedSince`). */
export interface DeletedList {
  ids: ReadonlySet<string>;
  since: number;
}

/**
 * What `deleted` names was purged. Of the rest, what was there since its list begins is not deleted and therefore hidden
 * by sharing; what was last seen before that may be either, and is taken for purged, because an erased person's values
 * must not stay. Pure.
 */
export function tombstoneOfAbsent(
  { id, readAt, evidenceAt }: AbsentRecord,
  { ids, since }: DeletedList,
): Tombstone {
  const gone = ids.has(id) || readAt < since ? 'purged' : 'hidden';
  return { id, gone, masterRecordId: null, systemModstamp: null, evidenceAt };
}
