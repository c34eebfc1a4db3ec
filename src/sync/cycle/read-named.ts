import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted } from '../../base/abort.ts';
import { messageOf } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import type { Effect } from '../ports/effect.ts';
import { isLostJob } from '../read/bulk-job.ts';
import { readByBulk } from '../read/by-bulk.ts';
import { retrieveIds } from '../read/by-ids.ts';
import type { RowReader } from '../read/row-reader.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { settleAbsent } from '../settle-absent.ts';
import { select, soqlDateTime } from '../soql.ts';

/** Ids that the mirror is asked about at a time, so that nothing else of the process waits for long. */
const idsAtOnce = 5_000;

export interface Named {
  ids: readonly string[];
  /** The org's time when the answer that names them was asked for, ms since 1970. */
  namedAt: number;
  /** Where most of them were stamped, ms since 1970; `to` (inclusive) is null where that is still to come. */
  from: number;
  to: number | null;
  /** There are more records stamped from `from` on than are named: only a bulk query brings them. */
  isPart?: boolean;
}

/**
 * Reads every record of these ids; `effects` are carried out with or after the last of them, when what became of each
 * that the org does not show is known too.
 */
export async function readNamed(
  reader: RowReader,
  named: Named,
  effects: readonly Effect[],
  { run }: { run: Pick<RunRecorder, 'count'> },
): Promise<void> {
  const { context, signal } = reader;
  let ids = named.ids;
  if (ids.length > context.sizes.bulkAboveIds || named.isPart) {
    await readStamped(reader, named);
    ids = await notReadYet(context, named, signal);
    run.count('notInBulk', ids.length);
  }
  // What a push has read back before may have been hidden since, and this is the last word of it.
  const askedAt = context.remote.clock.now();
  const absent = await retrieveIds(reader, ids, effects, { ifAllFound: true });
  if (absent === 0) return;
  const unread = (some: readonly string[]) => notReadYet(context, { ids: some, namedAt: askedAt }, signal);
  await settleAbsent(reader, await unread(ids), () => effects, { run, notReadYet: unread });
}

/**
 * One bulk query of what was stamped where most of the ids were. It need not bring each of them: whoever was changed
 * again, or is hidden by now, is asked for by id. So a job that Salesforce cannot do costs calls and nothing else.
 */
async function readStamped(reader: RowReader, { from, to, isPart }: Named): Promise<void> {
  const { context, fields } = reader;
  const conditions = [`SystemModstamp >= ${soqlDateTime(from)}`];
  if (to !== null) conditions.push(`SystemModstamp <= ${soqlDateTime(to)}`);
  try {
    await readByBulk(reader, select(context.object.name, fields, conditions));
  } catch (error) {
    if (isPart || !isLostJob(error, { isDescribed: true })) throw error;
    context.log.debug('a bulk query failed; what it did not bring is read by ids', { why: messageOf(error) });
  }
}

/** Those that no read has seen since they were named. */
async function notReadYet(
  { mirror }: Pick<SyncContext, 'mirror'>,
  { ids, namedAt }: Pick<Named, 'ids' | 'namedAt'>,
  signal: AbortSignal,
): Promise<string[]> {
  const rest: string[] = [];
  for (let i = 0; i < ids.length; i += idsAtOnce) {
    if (i > 0) await nextTurn();
    throwIfAborted(signal);
    rest.push(...(await mirror.contacts.notReadSince(ids.slice(i, i + idsAtOnce), namedAt)));
  }
  return rest;
}
