import { randomUUID } from 'node:crypto';
import type { OutboxOp } from '../../src/sync/ports/outbox-entry.ts';
import type { OutboxStaging, StagingRecord } from '../../src/sync/ports/outbox-staging.ts';

export const brake = { deletes: 100, edits: 100, editsShare: 0.1 };
/** Not to be taken for an equal push before. */
export const asNew = { now: 0, since: null };

export function record(index: number, more: Partial<StagingRecord> & { op?: OutboxOp } = {}): StagingRecord {
  const { op = 'create', ...rest } = more;
  const key = randomUUID();
  const contactId = op === 'create' ? null : `003${String(index).padStart(15, '0')}`;
  return {
    source: 'a.csv',
    index,
    line: index + 2,
    entry: {
      key,
      op,
      contactKey: contactId ?? key,
      contactId,
      changes: { LastName: `N${index}` },
      base: null,
      upsertField: null,
      allowDuplicates: false,
      atomicGroup: null,
      createdAt: 0,
    },
    uniqueValue: null,
    faults: [],
    given: null,
    replaces: null,
    alike: null,
    ...rest,
  };
}

export const some = (count: number, op: OutboxOp, from = 0) =>
  Array.from({ length: count }, (_, i) => record(from + i, { op }));
export async function committed(staging: OutboxStaging, records: StagingRecord[]) {
  await staging.add(records);
  return staging.commit(brake, asNew);
}
