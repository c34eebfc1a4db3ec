import { whyAllHeld } from '../../base/why-held.ts';
import type { LocalEntry } from './local-entries.ts';

/** Whether a creation that has made a contact before is to make another, by a person's word. */
export const isMadeAgain = ({ op, contactId, state }: LocalEntry) =>
  op === 'create' && contactId !== null && (state === 'pending' || state === 'sent' || state === 'in-doubt');

/** Whether a person, or the next edit by a program, is to say what becomes of it. */
const waits = (state: string) => state === 'conflict' || state === 'rejected' || state === 'held';

/**
 * What is not deleted before somebody has seen to it is there, and is shown with the reason; also where an edit before the
 * delete is what waits.
 */
export function isDeleted(entries: readonly LocalEntry[]): boolean {
  const last = entries.findLast(({ state }) => state !== 'dropped');
  return last?.op === 'delete' && !entries.some(({ state }) => waits(state));
}

/** What a program is told of its edits: the one that needs somebody goes before those that go their way. */
export function stateOf(open: readonly LocalEntry[]): { state: string; error: string | null } {
  for (const state of ['conflict', 'rejected', 'held'] as const) {
    const entry = open.find((one) => one.state === state);
    if (entry !== undefined) return { state, error: state === 'held' ? whyAllHeld : entry.error };
  }
  const [first] = open;
  return { state: first === undefined ? 'synced' : 'pending', error: first?.error ?? null };
}
