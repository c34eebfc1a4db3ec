import { expect, test } from 'vitest';
import type { OutboxStaging, StagingItem } from '../../src/sync/ports/outbox-staging.ts';
import type { PushReport } from '../../src/sync/push/push.ts';
import { pushResult } from '../../src/usecases/push-result.ts';

const item: StagingItem = { source: '-', index: 0, line: 1, key: 'k', outcome: null };

/** A push of one record whose entry nobody finds any more. */
function reportOf(kind: PushReport['kind']): PushReport {
  const staging = {
    async *items() {
      yield [item];
    },
    async faultGroups() {
      return { groups: [], total: 0 };
    },
  } as unknown as OutboxStaging;
  return {
    staging,
    telling: { isTold: true },
    counts: { records: 1, creates: 1, updates: 0, deletes: 0, upserts: 0, faults: 0, faulty: 0 },
    ignored: [],
    kind,
    tally: [{ op: 'create', state: null, created: null, records: 1 }],
    plan: null,
    resumedFrom: null,
    resumedOpen: 0,
    overtaken: 0,
    replaced: 0,
    olderEntries: 0,
    behind: { conflict: 0, held: 0, 'in-doubt': 0 },
    runId: null,
    stopped: null,
    async [Symbol.asyncDispose]() {},
  };
}

async function told(kind: PushReport['kind']) {
  const result = await pushResult(
    'https://a.my.salesforce.com',
    reportOf(kind),
    async () => new Map(),
    async () => {},
  );
  const items = [];
  for await (const page of result.results()) items.push(...page);
  return { items, statuses: [...result.statuses], counts: result.counts };
}

test('a record whose entry the outbox has lost is in doubt, and never called valid', async () => {
  const { items, statuses, counts } = await told('sent');
  expect(items).toMatchObject([{ status: 'in-doubt', key: 'k', errors: [{ code: 'ENTRY_LOST' }] }]);
  expect([statuses, counts.inDoubt]).toEqual([[['in-doubt', 1]], 1]);
});

test('a record that a person has given up is dropped, and not refused', async () => {
  const report = reportOf('sent');
  const tally = [{ op: 'create', state: 'dropped', created: null, records: 1 }] as const;
  const { counts, statuses } = await pushResult(
    'https://a.my.salesforce.com',
    { ...report, tally: [...tally] },
    async () => new Map(),
    async () => {},
  );
  expect([[...statuses], counts.rejected, counts.dropped]).toEqual([[['dropped', 1]], 0, 1]);
});

test('a dry run, which has no entries, calls its records valid', async () => {
  const { items, statuses } = await told('checked');
  expect(items).toMatchObject([{ status: 'valid', key: null, errors: [] }]);
  expect(statuses).toEqual([['valid', 1]]);
});

test('a dry run of a push that is gone on with tells what a person has given up, and calls the rest valid', async () => {
  const outcome = { op: 'create', contactId: null, created: null, errors: [] } as const;
  const report = reportOf('checked');
  async function* items() {
    yield (['dropped', 'pending', 'done'] as const).map((state, index) => {
      return { ...item, index, outcome: { ...outcome, errors: [], state } };
    });
  }
  const tally = (['dropped', 'pending', 'done'] as const).map((state) => {
    return { op: 'create' as const, state, created: null, records: 1 };
  });
  const result = await pushResult(
    'https://a.my.salesforce.com',
    { ...report, tally, staging: { ...report.staging, items } },
    async () => new Map(),
    async () => {},
  );
  const told = [];
  for await (const page of result.results()) told.push(...page.map(({ key, status }) => [key, status]));
  expect(told).toEqual([
    [null, 'dropped'],
    [null, 'valid'],
    [null, 'valid'],
  ]);
  expect([...result.statuses]).toEqual([
    ['dropped', 1],
    ['valid', 2],
  ]);
  expect(result.counts).toMatchObject({ dropped: 1, created: 0, queued: 0 });
});

test('records of which none was stored, because some have faults, are told as neither sent nor in doubt', async () => {
  expect((await told('invalid')).items).toEqual([]);
});
