import type { Gone } from '../ports/page.ts';

/**
 * What the mirror knows of one record apart from its values. Times are ISO 8601 in UTC with milliseconds,
 * which compare as text; null is "never". docs/merge-rule.md derives it all.
 */
export interface RowState {
  /** SystemModstamp of the stored values; null where the row has none. */
  stamp: string | null;
  /** When the read that brought these values was sent. */
  valueAt: string | null;
  /** When the latest read that saw the record live was sent. */
  readAt: string | null;
  /** The newest deletion that carries a stamp: its stamp, and when its proof had arrived. */
  deletedStamp: string | null;
  deletedAt: string | null;
  /** When the latest proof of a purge, and of being hidden, had arrived. */
  purgedAt: string | null;
  hiddenAt: string | null;
  gone: Gone | null;
  masterRecordId: string | null;
}

export interface LiveRead {
  stamp: string;
  readAt: string;
}

export interface Burial {
  gone: Gone;
  /** Null where the evidence has none. */
  stamp: string | null;
  evidenceAt: string;
  masterRecordId: string | null;
}

export const nothingKnown: RowState = {
  stamp: null,
  valueAt: null,
  readAt: null,
  deletedStamp: null,
  deletedAt: null,
  purgedAt: null,
  hiddenAt: null,
  gone: null,
  masterRecordId: null,
};

export interface Merged {
  next: RowState;
  /** The values that came with the evidence replace the stored ones. */
  takes: boolean;
}

export function sameState(a: RowState, b: RowState): boolean {
  return (
    a.stamp === b.stamp &&
    a.valueAt === b.valueAt &&
    a.readAt === b.readAt &&
    a.deletedStamp === b.deletedStamp &&
    a.deletedAt === b.deletedAt &&
    a.purgedAt === b.purgedAt &&
    a.hiddenAt === b.hiddenAt &&
    a.gone === b.gone &&
    a.masterRecordId === b.masterRecordId
  );
}
