import { isoTime } from '../../base/iso-time.ts';
import type { RowState } from '../../sync/merge/evidence.ts';
import type { MemoryState } from './memory-state.ts';

const evidence = ['readAt', 'deletedAt', 'purgedAt', 'hiddenAt'] as const;
/** When values were read in truth nobody knows: it may have been within the second of their stamp. */
const unknown = isoTime(0);

export function mendFuture(state: MemoryState, after: number, at: number): void {
  for (const [id, known] of state.contacts) {
    const mended: RowState = { ...known.state };
    for (const name of evidence) if ((mended[name] ?? '') > isoTime(after)) mended[name] = isoTime(at);
    if ((mended.valueAt ?? '') > isoTime(after)) mended.valueAt = unknown;
    state.contacts.set(id, { ...known, state: mended });
  }
  if ((state.latestReadAt ?? 0) > after) state.latestReadAt = at;
}
