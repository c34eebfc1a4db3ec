import { AppError } from '../base/errors.ts';
import { confirmGone } from './confirm-gone.ts';
import type { Tombstone } from './ports/page.ts';
import { retrieveIds } from './read/by-ids.ts';
import type { RowReader } from './read/row-reader.ts';

/** So often the two ways of asking may contradict each other, as while sharing is calculated anew. */
export const mostRounds = 3;

export interface ReadOrConfirmOptions {
  /** Those of `ids` that no read has seen since they were thought to be live. */
  notReadYet(ids: readonly string[]): Promise<string[]>;
  /** Stores what queryAll calls deleted or merged. */
  bury(stated: readonly Tombstone[]): Promise<void>;
}

/**
 * Settles what became of records that a retrieve did not give, or that no read has seen: queryAll says which are deleted,
 * and those that it shows as live are read. Answers tombstones (`purged`) of those that it does not know: they were
 * purged, or hidden from this user. Throws `PAGE_INCOMPLETE` where queryAll shows a record as live and no retrieve gives
 * it: whoever passed it over would keep older values for good.
 */
export async function readOrConfirm(
  reader: RowReader,
  ids: readonly string[],
  { notReadYet, bury }: ReadOrConfirmOptions,
): Promise<Tombstone[]> {
  const { context, signal } = reader;
  let unknown: Tombstone[] = [];
  let open = ids;
  for (let round = 1; open.length > 0; round++) {
    if (round > mostRounds) throw contradiction(open);
    const { tombstones, live } = await confirmGone(context, open, { signal });
    unknown = unknown.concat(tombstones.filter(({ gone }) => gone === 'purged'));
    await bury(tombstones.filter(({ gone }) => gone !== 'purged'));
    // Shown again between the two answers, and perhaps hidden once more before the next.
    const absent = live.length === 0 ? 0 : await retrieveIds(reader, live, []);
    open = absent === 0 ? [] : await notReadYet(live);
  }
  return unknown;
}

export function contradiction(ids: readonly string[]): AppError {
  return new AppError(
    'PAGE_INCOMPLETE',
    `What Salesforce shows as live it does not give when it is asked by Id: ${ids.length} in all, such as ${ids[0]}.`,
    {
      hint: 'Nothing is passed over: they are asked for again with the next try.',
      details: { ids: ids.slice(0, 10) },
    },
  );
}
