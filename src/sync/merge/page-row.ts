import { isoTime } from '../../base/iso-time.ts';
import type { Tombstone } from '../ports/page.ts';
import type { Burial, Merged, RowState } from './evidence.ts';
import { mergeBurial, mergeLive } from './merge-evidence.ts';

/** When a page's request was sent, and when its answer had arrived (ISO). */
export interface PageTimes {
  readAt: string;
  answeredAt: string;
}

/** The evidence's bounds are kept in whole milliseconds, rounded to the side on which they stay true. */
export function pageTimes(readAt: number, answeredAt: number): PageTimes {
  return { readAt: isoTime(Math.floor(readAt)), answeredAt: isoTime(Math.ceil(answeredAt)) };
}

/** A page's row: one that says IsDeleted is proof of that, with the values that it had. */
export function mergeRow(
  state: RowState,
  stamp: string,
  isDeleted: boolean,
  masterRecordId: string | null,
  { readAt, answeredAt }: PageTimes,
): Merged {
  const live = { stamp, readAt };
  if (!isDeleted) return mergeLive(state, live);
  const gone = masterRecordId === null ? 'deleted' : 'merged';
  return mergeBurial(state, { gone, stamp, evidenceAt: answeredAt, masterRecordId }, live);
}

/**
 * Whether the cells of a page that holds only some fields belong to the stored row: such a page says nothing of the
 * record itself, only of some cells as they were at its stamp.
 */
export function mayFill(state: RowState, stamp: string, readAt: string): boolean {
  if (state.gone !== null || state.stamp !== stamp) return false;
  return state.valueAt === null || readAt >= state.valueAt;
}

export function burialOf({ gone, masterRecordId, systemModstamp, evidenceAt }: Tombstone): Burial {
  return { gone, masterRecordId, stamp: systemModstamp, evidenceAt: isoTime(Math.ceil(evidenceAt)) };
}
