import { isUnbelievable } from './brake.ts';
import type { SyncContext } from './context.ts';
import type { Effect } from './ports/effect.ts';
import type { Tombstone } from './ports/page.ts';
import type { RowReader } from './read/row-reader.ts';
import { readOrConfirm } from './read-or-confirm.ts';
import type { RunRecorder } from './run-recorder.ts';

export interface SettleOptions {
  run: Pick<RunRecorder, 'count'>;
  /** Those of `ids` that no read has seen since they were named. */
  notReadYet(ids: readonly string[]): Promise<string[]>;
  /** So many others were missing before, and are still. */
  missingBefore?: number;
}

/**
 * Settles what became of records that `updated` names, or that were just written, and that a retrieve does not give:
 * queryAll says which are deleted. Those that it does not know are hidden from this user; where they were purged, `deleted`
 * names them and the stronger word replaces this one. Commits `effects` with the verdicts; `kept`: those of which nothing is
 * believed, for too many are missing at once. Throws `PAGE_INCOMPLETE`, with nothing of `effects` committed, where queryAll shows a record as live and no retrieve gives it.
 */
export async function settleAbsent(
  reader: RowReader,
  ids: readonly string[],
  effects: (kept: ReadonlySet<string>) => readonly Effect[],
  { run, notReadYet, missingBefore = 0 }: SettleOptions,
): Promise<void> {
  const { context, signal } = reader;
  const { contacts: before } = await context.mirror.contacts.counts();
  const unknown = await readOrConfirm(reader, ids, {
    notReadYet,
    async bury(stated) {
      const { buried } = await context.mirror.commit({ tombstones: stated }, { signal });
      run.count('deleted', buried);
    },
  });
  const { hidden, kept } = await believed(context, unknown, { before, missingBefore, run });
  const outcome = await context.mirror.commit({ tombstones: hidden, effects: effects(kept) }, { signal });
  run.count('hidden', outcome.buried);
}

/** As hidden ones; none where so many of the mirror would go that a lost permission is likelier. */
async function believed(
  { mirror, log, remote }: Pick<SyncContext, 'mirror' | 'log' | 'remote'>,
  unknown: readonly Tombstone[],
  { before, missingBefore, run }: { before: number; missingBefore: number; run: Pick<RunRecorder, 'count'> },
): Promise<{ hidden: Tombstone[]; kept: ReadonlySet<string> }> {
  const states = await mirror.contacts.states(unknown.map(({ id }) => id));
  const found = unknown.filter(({ id }) => states.get(id)?.gone === null).length;
  const missing = found === 0 ? 0 : found + missingBefore;
  const { contacts: remaining } = await mirror.contacts.counts();
  if (!isUnbelievable(missing, { before, remaining }))
    return { hidden: unknown.map((tombstone) => ({ ...tombstone, gone: 'hidden' })), kept: new Set() };
  run.count('held', found);
  log.warn(
    `${remote.instanceUrl}: ${missing} of ${before} contacts that were changed are not shown to this user, and Salesforce does not say that they were deleted: they stay as they are. Look at what the user may see; where that is right, \`parahack-sync reconcile --force\` takes them out of the mirror.`,
  );
  const isGone = ({ id }: Tombstone) => (states.get(id)?.gone ?? null) !== null;
  return { hidden: [], kept: new Set(unknown.flatMap((one) => (isGone(one) ? [] : [one.id]))) };
}
