import type { Gone } from '../ports/page.ts';
import type { Burial, LiveRead, Merged, RowState } from './evidence.ts';

/** No read sees what comes to be so long after its sending; whole bulk jobs lie between the two. */
const longestReadMs = 3_600_000;

/** A row as a read saw it live. */
export function mergeLive(state: RowState, read: LiveRead): Merged {
  return decide({ ...state, readAt: later(state.readAt, read.readAt) }, read);
}

/** Proof that a record is gone; `values` where it came with the row's values (a queryAll row). */
export function mergeBurial(state: RowState, burial: Burial, values: LiveRead | null = null): Merged {
  const next = { ...state };
  let kind: 'deleted' | 'merged' = state.gone === 'merged' ? 'merged' : 'deleted';
  if (burial.gone === 'purged') next.purgedAt = later(state.purgedAt, burial.evidenceAt);
  else if (burial.gone === 'hidden') next.hiddenAt = later(state.hiddenAt, burial.evidenceAt);
  else if (isNewer(burial, state)) {
    next.deletedStamp = burial.stamp;
    next.deletedAt = burial.evidenceAt;
    next.masterRecordId = burial.masterRecordId;
    kind = burial.gone;
  }
  return decide(next, values, kind);
}

/** Order among deletions: by stamp, then by when the proof arrived; a merge says more than a delete. */
function isNewer(burial: Burial, state: RowState): boolean {
  if (state.deletedAt === null) return true;
  const stamp = burial.stamp ?? '';
  const known = state.deletedStamp ?? '';
  if (stamp !== known)
    return isLater({ stamp, at: burial.evidenceAt }, { stamp: known, at: state.deletedAt });
  if (burial.evidenceAt !== state.deletedAt) return burial.evidenceAt > state.deletedAt;
  return burial.gone === 'merged' && state.gone !== 'merged';
}

/** Decides between values, then what the record is, as functions of the latest evidence of each kind. */
function decide(
  next: RowState,
  values: LiveRead | null,
  kind: 'deleted' | 'merged' = next.gone === 'merged' ? 'merged' : 'deleted',
): Merged {
  let takes = false;
  if (isPurged(next)) {
    next.stamp = null;
    next.valueAt = null;
  } else if (values !== null && replaces(values, next)) {
    takes = true;
    next.stamp = values.stamp;
    next.valueAt = values.readAt;
  }
  next.gone = goneOf(next, kind);
  if (next.gone !== 'merged') next.masterRecordId = null;
  return { next, takes };
}

function replaces(values: LiveRead, state: RowState): boolean {
  if (state.stamp === null) return true;
  const { stamp, valueAt } = state;
  if (values.stamp !== stamp)
    return isLater({ stamp: values.stamp, at: values.readAt }, { stamp, at: valueAt ?? '' });
  return valueAt === null || values.readAt >= valueAt;
}

/** What was seen, and when: of values when they were asked for, of a deletion when its proof had arrived. */
interface Sighting {
  stamp: string;
  at: string;
}

/** Of two that bear different stamps. */
function isLater(a: Sighting, b: Sighting): boolean {
  const [newer, older] = a.stamp > b.stamp ? [a, b] : [b, a];
  return (isAhead(newer, older.at) ? older : newer) === a;
}

/**
 * Whether it bears a stamp that no org could have given by then, though something was seen after it: the org's clock, or
 * an answer, was wrong once. Such a stamp says nothing of the order, or all that users change until then would be lost.
 */
function isAhead({ stamp, at }: Sighting, seenAt: string): boolean {
  return at < seenAt && Date.parse(stamp) > Date.parse(seenAt) + longestReadMs;
}

function isPurged(state: RowState): boolean {
  return state.purgedAt !== null && !seenAfter(state, state.purgedAt);
}

function goneOf(state: RowState, kind: 'deleted' | 'merged'): Gone | null {
  if (isPurged(state)) return 'purged';
  if (state.deletedAt !== null && !seenAfter(state, state.deletedAt)) {
    // An undelete touches the stamp, so values with a newer one were read after it.
    const outlived =
      state.stamp !== null &&
      state.deletedStamp !== null &&
      state.stamp > state.deletedStamp &&
      !isAhead({ stamp: state.stamp, at: state.valueAt ?? '' }, state.deletedAt);
    if (!outlived) return kind;
  }
  return state.hiddenAt !== null && !seenAfter(state, state.hiddenAt) ? 'hidden' : null;
}

/** A read is at the earliest what its sending says, a proof at the latest what its arrival says. */
function seenAfter(state: RowState, evidenceAt: string): boolean {
  return state.readAt !== null && state.readAt > evidenceAt;
}

function later(a: string | null, b: string): string {
  return a === null || b > a ? b : a;
}
