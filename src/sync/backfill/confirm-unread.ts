import { type AbsentRecord, deletedFrom, tombstoneOfAbsent } from '../absent-tombstone.ts';
import { isUnbelievable } from '../brake.ts';
import type { SyncContext } from '../context.ts';
import { deletedSince } from '../deleted-since.ts';
import type { Tombstone } from '../ports/page.ts';
import { readOrConfirm } from '../read-or-confirm.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { readableFields } from '../schema.ts';

/**
 * Settles the rows that were in the mirror before the run and that it did not read, which are those last read before
 * `before`: read back by a push before the first copy, or left by a copy that was given up. No cycle would ever hear of
 * the deletion of one, nor that this user may not see it. Each is asked for by queryAll; what Salesforce does not know
 * any more is believed within the brake, which `force` lifts. Answers until when deletions of what is held are unheard.
 */
export async function confirmUnread(
  context: SyncContext,
  {
    before,
    force,
    run,
    note,
    signal,
  }: {
    /** The org's time, ms since 1970. */
    before: number;
    force: boolean;
    run: RunRecorder;
    note: (text: string) => void;
    signal: AbortSignal;
  },
): Promise<{ unheardUntil: number }> {
  const { mirror, log, remote } = context;
  const liveBefore = (await mirror.contacts.counts()).contacts;
  const absent = await confirmEach(context, { before, run, signal });
  if (absent.length === 0) return { unheardUntil: 0 };
  const { stated, unstated, since } = await tombstonesOf(context, absent, signal);
  await bury(context, run, stated, signal);
  const { contacts: remaining } = await mirror.contacts.counts();
  if (force || !isUnbelievable(unstated.length, { before: liveBefore, remaining })) {
    await bury(context, run, unstated, signal);
    return { unheardUntil: 0 };
  }
  run.count('held', unstated.length);
  const text = `${unstated.length.toLocaleString('en-US')} of ${liveBefore.toLocaleString('en-US')} contacts in the mirror are not found in the org, and Salesforce does not say that they were deleted: they stay.`;
  note(text);
  log.warn(
    `${remote.instanceUrl}: ${text} Where they are really gone, \`parahack-sync reconcile --force\` removes them.`,
  );
  return { unheardUntil: since };
}

/** Buries what queryAll calls deleted, reads what lives, and answers what it does not know. */
async function confirmEach(
  context: SyncContext,
  { before, run, signal }: { before: number; run: RunRecorder; signal: AbortSignal },
): Promise<AbsentRecord[]> {
  const { mirror, sizes } = context;
  const took = ({ inserted, updated }: { inserted: number; updated: number }) => {
    run.count('inserted', inserted);
    run.count('updated', updated);
  };
  const reader = { context, fields: await readableFields(context), took, signal };
  const absent: AbsentRecord[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const { rows, next } = await mirror.contacts.readBefore(before, { after, limit: sizes.rowsPerPass });
    after = next;
    if (rows.length === 0) break;
    run.count('unread', rows.length);
    const readAt = new Map(rows.map((row) => [row.id, row.readAt]));
    // What lives came back after its span was read.
    const unknown = await readOrConfirm(reader, [...readAt.keys()], {
      notReadYet: (ids) => mirror.contacts.notReadSince(ids, before),
      bury: (stated) => bury(context, run, stated, signal),
    });
    for (const { id, evidenceAt } of unknown)
      absent.push({ id, deletedFrom: deletedFrom(readAt.get(id) ?? 0), evidenceAt });
  }
  return absent;
}

async function tombstonesOf(
  context: SyncContext,
  absent: readonly AbsentRecord[],
  signal: AbortSignal,
): Promise<{ stated: Tombstone[]; unstated: Tombstone[]; since: number }> {
  const from = absent.reduce(
    (first, record) => Math.min(first, record.deletedFrom),
    Number.POSITIVE_INFINITY,
  );
  const list = await deletedSince(context, from, { signal });
  const of = (record: AbsentRecord) => tombstoneOfAbsent(record, list);
  return {
    since: list.since,
    stated: absent.filter(({ id }) => list.ids.has(id)).map(of),
    unstated: absent.filter(({ id }) => !list.ids.has(id)).map(of),
  };
}

async function bury(
  { mirror }: Pick<SyncContext, 'mirror'>,
  run: RunRecorder,
  tombstones: readonly Tombstone[],
  signal: AbortSignal,
): Promise<void> {
  if (tombstones.length === 0) return;
  const { buried } = await mirror.commit({ tombstones }, { signal });
  run.count('buried', buried);
}
