import type { Effect } from '../sync/ports/effect.ts';

/** One taking of a lease, as it is checked last in each transaction of the work that is done under it. */
export interface Fence {
  name: string;
  fence: number;
}

/**
 * The writes that are made without a lease too, each with the reason. Where the mirror was opened under one they carry
 * its fence like all others.
 */
const withoutLease = {
  'claim-identity':
    'whoever opens a mirror that is nobody’s yet says whose it is, a push too; later ones are refused by it',
  'describe-fields':
    'a push needs the fields beside a watch; what describe tells is the same for whoever asks',
  'index-lookup': 'an index holds nothing of its own, and making it again changes nothing',
  'note-run': 'a push has no lease of the org, and each run is written by the process alone that began it',
  'ask-reconcile': 'it is asked of whoever holds the lease, and one that is asked for twice is made once',
  'queue-push': 'anybody may queue while another sends; keys are unique, and nothing is sent by it',
  'decide-entries':
    'a person’s retry, approve and drop must not wait for whoever is sending; each is a check and a change of state at once',
  'set-two-way':
    'a person’s word holds from that moment on, whoever works on the org; the view is made anew of what is there',
  'forget-calls': 'what a former version has counted is noted for all processes by whoever comes first',
} as const;

/** The writes that only whoever holds a lease may make. */
type LeasedWrite = 'rows' | 'send-entries' | 'claim-lease' | 'replace-contents' | 'index-contacts';

export type WriteKind = keyof typeof withoutLease | LeasedWrite;

/** Throws where such a write is made through a mirror that was opened without a lease: an error of the program. */
export function assertLeased(kind: WriteKind, fences: readonly Fence[]): void {
  if (fences.length > 0 || kind in withoutLease) return;
  throw new Error(`The write "${kind}" needs a mirror that was opened under a lease.`);
}

const runNotes: ReadonlySet<Effect['kind']> = new Set([
  'add-step',
  'count-run',
  'end-run',
  // Such old ones are nobody's work any more.
  'forget-runs',
]);

export function kindOfBatch(batch: {
  /** Whether it brings a page. */
  page: boolean;
  tombstones: readonly unknown[];
  effects: readonly Effect[];
}): WriteKind {
  const { page, tombstones, effects } = batch;
  const isNote = !page && tombstones.length === 0 && effects.every(({ kind }) => runNotes.has(kind));
  return isNote ? 'note-run' : 'rows';
}
