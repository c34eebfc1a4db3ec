import { kindOfBatch, type WriteKind } from '../../write-kinds.ts';
import type { BatchOrder, MirrorCalls, PageCalls } from './protocol.ts';

/** What a call of the writer thread writes. Known to the caller's side, which does not load the statements. */
const kinds: Readonly<Record<Exclude<keyof MirrorCalls, keyof PageCalls>, WriteKind>> = {
  claimLease: 'claim-lease',
  writeIdentity: 'claim-identity',
  applyDescribe: 'describe-fields',
  confirmDescribe: 'describe-fields',
  ensureIndices: 'index-contacts',
  ensureLookup: 'index-lookup',
  extendSearchIndex: 'index-lookup',
  insertRun: 'note-run',
  askReconcile: 'ask-reconcile',
  noteAsked: 'ask-reconcile',
  forgetFormerCalls: 'forget-calls',
  writeMeta: 'replace-contents',
  setTwoWay: 'set-two-way',
  assertSound: 'replace-contents',
  replaceContents: 'replace-contents',
  commitStaging: 'queue-push',
  draftStaging: 'queue-push',
  refuseStaged: 'queue-push',
  endPush: 'queue-push',
  insertEntries: 'queue-push',
  storeSendSteps: 'send-entries',
  decideEdits: 'send-entries',
  holdMuch: 'send-entries',
  noteDoubts: 'send-entries',
  noteLost: 'send-entries',
  moveEntries: 'decide-entries',
  takeTheirs: 'decide-entries',
};

/** A call that is one transaction, in its turn among the writes of its mirror. */
export type Write = keyof typeof kinds | 'commit';

export function kindOfWrite<K extends Write>(write: K, args: Parameters<MirrorCalls[K]>): WriteKind {
  if (write !== 'commit') return kinds[write as Exclude<K, 'commit'>];
  const { page, tombstones, effects } = args[0] as BatchOrder;
  return kindOfBatch({ page: page !== null, tombstones, effects });
}
