import type {
  PushCounts,
  PushItem,
  PushRecord,
  PushResult,
  PushStatus,
  RecordFault,
} from '../../../src/contract/push.ts';

async function* onePage<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield items;
}

/** What the app would answer to these records with these outcomes, or with these faults. */
export function pushResultOf(
  items: readonly PushItem[],
  more: Partial<PushCounts> & { faults?: readonly RecordFault[]; records?: readonly PushRecord[] } = {},
): PushResult {
  const { faults = [], records = [], ...counts } = more;
  const statuses = new Map<PushStatus, number>();
  for (const { status } of items) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const having = (...wanted: PushStatus[]) =>
    wanted.reduce((sum, status) => sum + (statuses.get(status) ?? 0), 0);
  const errorsOf = (at: number) => {
    const { source, index } = records[at]!;
    const own = faults.filter((fault) => fault.source === source && fault.index === index);
    const refused = items[at]?.status === 'rejected' ? items[at].errors : [];
    return [
      ...refused,
      ...own.map(({ code, message, field }) => ({
        code,
        message,
        fields: field === null ? [] : [field],
        duplicates: [],
      })),
    ];
  };
  const rejected = records.flatMap(({ source, index, line, fields }, at) => {
    const errors = errorsOf(at);
    return errors.length === 0 ? [] : [{ source, index, line, fields, errors, key: null }];
  });
  return {
    records: Math.max(items.length, records.length),
    statuses,
    counts: {
      instanceUrl: 'https://acme.my.salesforce.com',
      created: having('created'),
      updated: having('updated'),
      deleted: having('deleted'),
      rejected: having('rejected'),
      dropped: having('dropped'),
      queued: having('queued', 'held'),
      inDoubt: having('in-doubt'),
      creates: items.length,
      updates: 0,
      deletes: 0,
      upserts: 0,
      ignored: [],
      olderEntries: 0,
      resumedFrom: null,
      resumedOpen: 0,
      overtaken: 0,
      replaced: 0,
      plan: null,
      runId: 'run',
      behind: { conflicts: 0, held: 0, inDoubt: 0 },
      stopped: null,
      ...counts,
    },
    invalid:
      faults.length === 0
        ? null
        : {
            records: rejected.length,
            total: Math.max(items.length, records.length),
            kinds: faults.slice(0, 20).map((fault) => ({ ...fault, records: 1 })),
            kindsInAll: faults.length,
            faults: () => onePage(faults),
          },
    isTold: true,
    results: () => onePage(items),
    rejects: () => onePage(rejected),
    async [Symbol.asyncDispose]() {},
  };
}
