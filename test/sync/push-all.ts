import { AppError } from '../../src/base/errors.ts';
import type { SyncContext } from '../../src/sync/context.ts';
import type { OutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import type { StagingItem } from '../../src/sync/ports/outbox-staging.ts';
import type { PushRecord } from '../../src/sync/push/check/push-record.ts';
import { type PushReport, push } from '../../src/sync/push/push.ts';
import type { PushJob } from '../../src/sync/push/push-job.ts';
import { heldLease } from '../support/leases.ts';

export async function* inBatches<T>(records: readonly T[], size = 1_000): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < records.length; at += size) yield records.slice(at, at + size);
}

export function recordsOf(fields: readonly Record<string, unknown>[]): PushRecord[] {
  return fields.map((own, index) => ({ source: '-', index, line: null, fields: own, untyped: false }));
}

export interface Pushed {
  items: StagingItem[];
  /** In the order of the input; null where the outbox has none. */
  entries: { entry: OutboxEntry | null }[];
  runId: string | null;
  stopped: unknown;
  behind: PushReport['behind'];
  olderEntries: number;
  plan: PushReport['plan'];
  resumedFrom: number | null;
}

/** A push of a few records to its end, with all that was read of its report. Faults are thrown, all of them. */
export async function pushAll(
  context: SyncContext,
  records: readonly PushRecord[],
  more: Partial<PushJob> & Pick<PushJob, 'signal'>,
): Promise<Pushed> {
  await using report = await push(context, {
    records: inBatches(records),
    upsertField: null,
    dryRun: false,
    queue: false,
    allOrNone: false,
    allowDuplicates: false,
    api: 'auto',
    ignoreUnknown: false,
    ignoreReadOnly: false,
    allowMixed: true,
    allowDamaged: false,
    decimal: null,
    // Equal records in one test are meant as new ones.
    fresh: true,
    keepGiven: false,
    withDrainLease: (work) => work(heldLease('outbox-test')),
    ...more,
  });
  if (report.kind === 'invalid') {
    const faults = (await allOf(report.staging.faults())).flat();
    throw new AppError('INVALID_INPUT', 'Some records have faults.', { details: { faults } });
  }
  const items = (await allOf(report.staging.items())).flat();
  const stored = await context.mirror.outbox.list({ keys: items.map(({ key }) => key) });
  const byKey = new Map(stored.map((entry) => [entry.key, entry]));
  const { runId, stopped, behind, olderEntries, plan, resumedFrom } = report;
  return {
    items,
    entries: items.map(({ key }) => ({ entry: byKey.get(key) ?? null })),
    runId,
    stopped,
    behind,
    olderEntries,
    plan,
    resumedFrom,
  };
}

export async function allOf<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(page);
  return all;
}
