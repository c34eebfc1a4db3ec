import { isoTime } from '../../base/iso-time.ts';
import type { SweptDue, SweptMark } from '../../sync/ports/sweep.ts';
import type { MemoryContact, MemoryState } from './memory-state.ts';
import type { PlainPage } from './merge-page.ts';

export function beginSweep(state: MemoryState): void {
  state.swept = new Map();
  for (const [id, chunk] of state.chunks)
    if (state.runs.get(chunk.runId)?.kind === 'reconcile') state.chunks.set(id, { ...chunk, state: 'done' });
}

export function noteSwept(
  { swept, contacts, cursors }: MemoryState,
  page: PlainPage | null,
  { mends }: { mends: boolean },
): void {
  if (page === null) throw new Error('Only a page can be noted as swept.');
  const at = (name: string) => page.columns.indexOf(name);
  for (const row of page.rows) {
    const id = String(row[at('Id')]);
    let known = contacts.get(id);
    const isDeleted = row[at('IsDeleted')] === 1;
    const stamp = String(row[at('SystemModstamp')]);
    if (known !== undefined && mends && isAhead(known, stamp, page.readAt)) {
      known = { ...known, state: { ...known.state, stamp: null, valueAt: null } };
      contacts.set(id, known);
    }
    if (isDeleted && (known === undefined || isKnownAsGone(known, stamp))) continue;
    const due = isDeleted
      ? 'deleted'
      : dueOf(known, stamp, { covered: cursors.updated, readAt: page.readAt });
    swept.set(id, { due, evidenceAt: 0 });
  }
}

/** One that was hidden, or restored and deleted or merged anew, is not; what was purged keeps nothing to be mended. */
function isKnownAsGone({ state: { gone, deletedStamp } }: MemoryContact, stamp: string): boolean {
  if (gone === null || gone === 'hidden') return false;
  return gone === 'purged' || deletedStamp === null || deletedStamp >= stamp;
}

/** A greater stamp than the org has, of values that were read before the org was asked for that. */
function isAhead({ state: { stamp: own, valueAt } }: MemoryContact, stamp: string, readAt: string): boolean {
  return own !== null && own > stamp && (valueAt ?? '') < readAt;
}

function dueOf(
  known: MemoryContact | undefined,
  stamp: string,
  { covered, readAt }: { covered: number | null; readAt: string },
): SweptDue | null {
  if (known === undefined) return 'missing';
  const { gone, stamp: own, valueAt } = known.state;
  if (gone !== null || own === null || own < stamp || isAhead(known, stamp, readAt)) return 'stale';
  // Stamps are whole seconds: what was read within the second of its last change may have been changed in it once more.
  if (valueAt !== null && valueAt <= `${stamp.slice(0, 19)}.999Z`) return 'reread';
  // The cursor is about to pass it without a last look at what was committed late with the stamp of the same second.
  return covered !== null && stamp.slice(0, 16) >= isoTime(covered).slice(0, 16) ? 'reread' : null;
}

/** What the sweep has come to. */
export function closeSweep({ swept, contacts }: MemoryState, before: number): Record<string, number> {
  const checked = swept.size;
  for (const [id, { state }] of contacts) {
    if (swept.has(id)) continue;
    if (state.gone === 'hidden') swept.set(id, { due: 'hidden', evidenceAt: 0 });
    if (state.gone !== null || (state.readAt ?? '') >= isoTime(before)) continue;
    swept.set(id, { due: 'absent', evidenceAt: 0 });
  }
  const count = (due: SweptDue) => [...swept.values()].filter((row) => row.due === due).length;
  return {
    checked,
    missing: count('missing'),
    stale: count('stale'),
    candidates: count('deleted') + count('absent'),
  };
}

export function settleSwept({ swept, contacts }: MemoryState): void {
  for (const [id, { due }] of swept) {
    const gone = contacts.get(id)?.state.gone ?? null;
    if ((due === 'absent' || due === 'unknown') && gone !== null)
      swept.set(id, { due: gone === 'hidden' ? 'hidden' : null, evidenceAt: 0 });
  }
}

/** How many of them the mirror has now as the org does. */
export function markSwept({ swept, contacts }: MemoryState, marks: readonly SweptMark[]): number {
  let repaired = 0;
  for (const { id, due, evidenceAt = 0 } of marks) {
    const before = swept.get(id);
    if (before === undefined) continue;
    if (before.due !== null && due === null) {
      const wasInOrg = before.due === 'missing' || before.due === 'stale';
      const known = contacts.get(id);
      if (known !== undefined && (known.state.gone === null) === wasInOrg) repaired++;
    }
    swept.set(id, { due, evidenceAt: Math.ceil(evidenceAt) });
  }
  return repaired;
}
