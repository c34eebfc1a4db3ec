import { AppError } from '../../base/errors.ts';
import { isUnbelievable } from '../brake.ts';
import { confirmGone } from '../confirm-gone.ts';
import type { SyncContext } from '../context.ts';
import type { Effect } from '../ports/effect.ts';
import type { Tombstone } from '../ports/page.ts';
import { retrieveIds } from '../read/by-ids.ts';
import type { RowReader } from '../read/row-reader.ts';
import type { RunRecorder } from '../run-recorder.ts';

/** So often the two ways of asking may contradict each other, as while sharing is calculated anew. */
const mostRounds = 3;

export interface SettleOptions {
  run: Pick<RunRecorder, 'count'>;
  /** Those of `ids` that no read has seen since they were named. */
  notReadYet(ids: readonly string[]): Promise<string[]>;
}

/**
 * Settles what became of records that `updated` names and that a retrieve does not give: queryAll says which are
 * deleted. Those that it does not know are hidden from this user; where they were purged, `deleted` names them and the
 * stronger word replaces this one. Commits `effects` with the verdicts. Throws `PAGE_INCOMPLETE`, with nothing of
 * `effects` committed, where queryAll shows a record as live and no retrieve gives it.
 */
export async function settleAbsent(
  reader: RowReader,
  ids: readonly string[],
  effects: readonly Effect[],
  { run, notReadYet }: SettleOptions,
): Promise<void> {
  const { context, signal } = reader;
  const { contacts: before } = await context.mirror.contacts.counts();
  let unknown: Tombstone[] = [];
  let open = ids;
  for (let round = 1; open.length > 0; round++) {
    if (round > mostRounds) throw contradiction(open);
    const { tombstones, live } = await confirmGone(context, open, { signal });
    unknown = unknown.concat(tombstones.filter(({ gone }) => gone === 'purged'));
    const stated = tombstones.filter(({ gone }) => gone !== 'purged');
    const { buried } = await context.mirror.commit({ tombstones: stated }, { signal });
    run.count('deleted', buried);
    // Shown again between the two answers, and perhaps hidden once more before the next.
    const absent = live.length === 0 ? 0 : await retrieveIds(reader, live, []);
    open = absent === 0 ? [] : await notReadYet(live);
  }
  const hidden = await believed(context, unknown, { before, run });
  const outcome = await context.mirror.commit({ tombstones: hidden, effects }, { signal });
  run.count('hidden', outcome.buried);
}

/** The cursor must not pass them: nothing would tell of these changes again. */
function contradiction(ids: readonly string[]): AppError {
  return new AppError(
    'PAGE_INCOMPLETE',
    `What Salesforce names as changed and shows as live it does not give when it is asked by Id: ${ids.length} in all, such as ${ids[0]}.`,
    {
      hint: 'Nothing is passed over: they are asked for again with the next cycle.',
      details: { ids: ids.slice(0, 10) },
    },
  );
}

/** As hidden ones; none where so many of the mirror would go that a lost permission is likelier. */
async function believed(
  { mirror, log }: Pick<SyncContext, 'mirror' | 'log'>,
  unknown: readonly Tombstone[],
  { before, run }: { before: number; run: Pick<RunRecorder, 'count'> },
): Promise<Tombstone[]> {
  const states = await mirror.contacts.states(unknown.map(({ id }) => id));
  const missing = unknown.filter(({ id }) => states.get(id)?.gone === null).length;
  const { contacts: remaining } = await mirror.contacts.counts();
  if (!isUnbelievable(missing, { before, remaining }))
    return unknown.map((tombstone) => ({ ...tombstone, gone: 'hidden' }));
  run.count('held', missing);
  log.warn(
    `${missing} of ${before} contacts that Salesforce names as changed are not shown to this user, and it does not say that they were deleted: they stay as they are. Look at what the user may see; where that is right, \`parahack-sync reconcile --force\` takes them out of the mirror.`,
  );
  return [];
}
