import { describe, expect, test } from 'vitest';
import type { RunView } from '../../../src/contract/runs.ts';
import type { FailingWatch, StatusItem } from '../../../src/contract/status.ts';
import { fakeApp } from '../support/fake-app.ts';
import { outboxList } from '../support/listed.ts';
import { json, runMain } from '../support/run-main.ts';

const instanceUrl = 'https://acme.my.salesforce.com';
const share = {
  budget: 0.25,
  allowed: 3_750,
  used: 40,
  reserve: 375,
  left: 3_335,
  nextReturn: { at: '2026-03-01T13:05:00.000Z', calls: 4 },
  allReturnedAt: '2026-03-02T12:05:00.000Z',
};
const failed: RunView = {
  id: '3f2a91c4-0000-4000-8000-000000000000',
  kind: 'cycle',
  instanceUrl,
  status: 'failed',
  startedAt: '2026-03-01T11:55:00.000Z',
  finishedAt: '2026-03-01T11:56:30.000Z',
  counts: { upserted: 3, deleted: 0 },
  apiCalls: 4,
  error: { code: 'TIMEOUT', message: 'No answer.', hint: null },
};

describe('status', () => {
  const item: StatusItem = {
    instanceUrl,
    twoWay: false,
    conflicts: 'salesforce-wins',
    alias: 'prod',
    username: 'me@acme.com',
    orgId: '00D',
    sync: true,
    auth: 'ok',
    authReason: null,
    database: '/d/orgs/acme.my.salesforce.com.db',
    contacts: 10_000,
    deleted: 3,
    coveredUntil: '2026-03-01T11:59:00.000Z',
    lagSeconds: 60,
    agreedAt: '2026-03-01T10:00:00.000Z',
    lastBackfill: { ...failed, kind: 'backfill', status: 'complete', error: null },
    lastCycle: failed,
    lastReconcile: {
      ...failed,
      kind: 'reconcile',
      status: 'complete',
      error: null,
      counts: { checked: 9_000, ghosts: 1_200, held: 1_200 },
    },
    outbox: { pending: 0, rejected: 2, inDoubt: 1, held: 0, conflicts: 0 },
    api: {
      used: 150,
      max: 15_000,
      at: '2026-03-01T11:59:30.000Z',
      app: { used: 20, max: 500 },
      share,
      stretched: { intervalMs: 300_000, stretchedMs: 2_400_000, at: '2026-03-01T11:00:00.000Z' },
    },
    failing: null,
    error: null,
  };
  const result = { orgs: [item], watch: { running: true, pid: 7, since: '2026-03-01T11:00:00.000Z' } };

  test('JSON is the result', async () => {
    const { app, calls } = fakeApp({ status: async () => result });
    const { stdout } = await runMain(['status', 'prod', '--json'], { app });
    expect(json(stdout)).toEqual(result);
    expect(calls[0]?.options).toEqual({ org: 'prod' });
  });

  // As after a fresh copy, which has none of the rows that the reconcile before it has held.
  test('text of one that agrees', async () => {
    const { stdout } = await runMain(['status'], { app: fakeApp({ status: async () => result }).app });
    expect(stdout.split('\n')).toEqual([
      'prod',
      '  instance URL     https://acme.my.salesforce.com',
      '  login            me@acme.com, ok',
      '  sync             on',
      '  contacts         10,000, 3 deleted',
      '  covered until    2026-03-01T11:59:00.000Z (1m behind)',
      '  agreed in full   2h ago',
      '  last backfill    complete, 3m 30s ago',
      '  last cycle       failed, 3m 30s ago: No answer. (TIMEOUT)',
      '  last reconcile   complete, 3m 30s ago',
      '  outbox           2 rejected, 1 in doubt',
      '  API requests     150 of 15,000 (1%), 30s ago',
      "  this tool        40 of 3,750 (25% of the org's), 375 kept for pushes, 3,335 left for pulls",
      '  calls come back  4 at 2026-03-01T13:05:00.000Z, all by 2026-03-02T12:05:00.000Z',
      '  client app       20 of its 500',
      '  interval         stretched from 5m to 40m, so that the share lasts',
      '  database         /d/orgs/acme.my.salesforce.com.db',
      '',
      'A watch runs (process 7, since 1h ago).',
      '',
    ]);
  });

  test.each<[string, Partial<FailingWatch>, string]>([
    ['more than once', {}, '3 times since 2026-03-01T11:40:00.000Z, last 30s ago; tried again in 1m 30s'],
    ['once', { failures: 1 }, 'once, 30s ago; tried again in 1m 30s'],
    [
      'whose time has come',
      { failures: 1, retryAt: '2026-03-01T11:59:59.000Z' },
      'once, 30s ago; tried again now',
    ],
    ['that nothing tries again', { failures: 1, retryAt: null }, 'once, 30s ago'],
  ])('text of an org that a watch fails with %s', async (_, more, tried) => {
    const failing: FailingWatch = {
      code: 'DISK_FULL',
      message: 'There is no room left.',
      hint: null,
      since: '2026-03-01T11:40:00.000Z',
      lastAt: '2026-03-01T11:59:30.000Z',
      failures: 3,
      retryAt: '2026-03-01T12:01:30.000Z',
      ...more,
    };
    const { app } = fakeApp({ status: async () => ({ ...result, orgs: [{ ...item, failing }] }) });
    const { stdout } = await runMain(['status'], { app });
    expect(stdout).toContain(`\n  watch fails      ${tried}: There is no room left. (DISK_FULL)\n`);
  });

  test('text of one whose rows are held, which agrees with nothing', async () => {
    const orgs = [{ ...item, agreedAt: null }];
    const { stdout } = await runMain(['status'], {
      app: fakeApp({ status: async () => ({ ...result, orgs }) }).app,
    });
    expect(stdout).toContain('  agreed in full   no, 1,200 rows held\n');
    expect(stdout).toContain(
      '  last reconcile   complete, 3m 30s ago, 1,200 rows that the org does not show are held (where really gone: `parahack-sync reconcile --force`)\n',
    );
  });

  test('--max-lag is not kept to where no org is connected: the data folder may be a wrong one', async () => {
    const { app } = fakeApp({ status: async () => ({ ...result, orgs: [] }) });
    const text = await runMain(['status', '--max-lag', '1h'], { app });
    expect(text.code).toBe(4);
    expect(text.stderr).toContain('No org is connected, so that nothing is kept up.');
    expect(text.stderr).toContain('--data-dir');
    const { code, stdout } = await runMain(['status', '--max-lag', '1h', '--json'], { app });
    expect(code).toBe(4);
    expect(json(stdout)).toMatchObject({
      orgs: [],
      error: { code: 'MIRROR_BEHIND', details: { behind: [] } },
    });
    expect((await runMain(['status'], { app })).code).toBe(0);
  });

  test.each<[string, Partial<StatusItem>, string, number]>([
    ['as far behind as it may be', { lagSeconds: 600 }, '10m', 0],
    ['further behind', { lagSeconds: 601 }, '10m', 4],
    ['not covered at all', { lagSeconds: null, coveredUntil: null }, '1d', 4],
    ['with sync off, which nothing keeps up', { lagSeconds: 90_000, sync: false }, '1h', 0],
  ])('with --max-lag, an org %s', async (_, more, maxLag, exitCode) => {
    const result = { orgs: [{ ...item, ...more }], watch: { running: false, pid: null, since: null } };
    const { app } = fakeApp({ status: async () => result });
    const { code, stdout } = await runMain(['status', '--json', '--max-lag', maxLag], { app });
    expect(code).toBe(exitCode);
    const { orgs, error } = json(stdout) as { orgs: unknown[]; error?: { code: string; hint: string } };
    expect(orgs).toHaveLength(1);
    expect(error?.code).toBe(exitCode === 0 ? undefined : 'MIRROR_BEHIND');
  });

  test.each([
    [
      'was never covered',
      { coveredUntil: null, lagSeconds: null },
      /nothing is covered yet: acme/,
      'parahack-sync backfill',
    ],
    ['lies in the future', { lagSeconds: null }, /not known: acme/, 'parahack-sync doctor'],
    ['is behind', { lagSeconds: 90_000 }, /More than 1h behind: acme/, 'watch --once'],
  ])('--max-lag says what to do where an org %s', async (_, more, message, hint) => {
    const orgs = [{ ...item, alias: 'acme', error: null, ...more }];
    const { app } = fakeApp({
      status: async () => ({ orgs, watch: { running: false, pid: null, since: null } }),
    });
    const { code, stderr } = await runMain(['status', '--max-lag', '1h'], { app });
    expect(code).toBe(4);
    expect(stderr).toMatch(message);
    expect(stderr).toContain(hint);
  });

  test('--max-lag is a duration of any length', async () => {
    const { app } = fakeApp({
      status: async () => ({ orgs: [item], watch: { running: false, pid: null, since: null } }),
    });
    expect((await runMain(['status', '--max-lag', '10'], { app })).code).toBe(2);
    expect((await runMain(['status', '--max-lag', '1s'], { app })).code).toBe(4);
  });

  test('an org of which nothing is known yet', async () => {
    const bare: StatusItem = {
      ...item,
      alias: null,
      database: null,
      contacts: null,
      deleted: null,
      coveredUntil: null,
      lagSeconds: null,
      lastBackfill: null,
      lastCycle: null,
      lastReconcile: null,
      outbox: { pending: 0, rejected: 0, inDoubt: 0, held: 0, conflicts: 0 },
      api: { used: null, max: null, at: null, app: null, share: null, stretched: null },
    };
    const nothing = { orgs: [bare], watch: { running: false, pid: null, since: null } };
    const { stdout } = await runMain(['status'], { app: fakeApp({ status: async () => nothing }).app });
    expect(stdout).toContain('no mirror yet');
    expect(stdout).toContain('No watch runs.');
    expect(stdout).not.toMatch(/null|NaN|undefined/);
    const unread: StatusItem = {
      ...bare,
      outbox: { pending: null, rejected: null, inDoubt: null, held: null, conflicts: null },
      error: { code: 'MIRROR_CORRUPT', message: 'The mirror is damaged.', hint: null, details: null },
    };
    const broken = { orgs: [unread], watch: nothing.watch };
    const { stdout: told } = await runMain(['status'], {
      app: fakeApp({ status: async () => broken }).app,
    });
    expect(told).toContain('The mirror is damaged. (MIRROR_CORRUPT)');
    expect(told).toMatch(/outbox +unknown/);
    expect(told).not.toMatch(/no mirror yet|empty|none|null/);
  });
});

describe('runs', () => {
  test('a table and its options', async () => {
    const { app, calls } = fakeApp({ runs: async () => ({ runs: [failed], unread: [] }) });
    const { stdout } = await runMain(['runs', 'prod', '--limit', '5'], { app });
    expect(calls[0]?.options).toEqual({ org: 'prod', limit: 5 });
    expect(stdout).toContain('3f2a91c4  cycle  acme.my.salesforce.com  failed  5m ago   1m 30s');
    expect(json((await runMain(['runs', '--json'], { app })).stdout)).toEqual({ runs: [failed], unread: [] });
  });

  test('a reconcile in plain words, and in JSON by its keys', async () => {
    const counts = { orgContacts: 60_000, mirrorContacts: 59_999, checked: 60_000, ghosts: 2, held: 0 };
    const run = { ...failed, kind: 'reconcile' as const, status: 'complete' as const, error: null, counts };
    const { app } = fakeApp({
      runs: async () => ({ runs: [run], unread: [] }),
      run: async () => ({ run: { ...run, steps: [] } }),
    });
    const said =
      '60,000 contacts in the org, 59,999 contacts in the mirror, 60,000 checked, 2 not in the org any more';
    expect((await runMain(['runs'], { app })).stdout).toContain(said);
    expect((await runMain(['runs', 'show', '3f2a'], { app })).stdout).toContain(said);
    expect(json((await runMain(['runs', '--json'], { app })).stdout)).toEqual({ runs: [run], unread: [] });
  });

  test('one whose process was killed says what is not known of it', async () => {
    const killed: RunView = {
      ...{ ...failed, error: null, counts: {} },
      ...{ status: 'interrupted', finishedAt: null, apiCalls: null },
    };
    const { app } = fakeApp({
      runs: async () => ({ runs: [killed], unread: [] }),
      run: async () => ({ run: { ...killed, steps: [] } }),
    });
    expect((await runMain(['runs'], { app })).stdout).toMatch(/interrupted +5m ago +unknown +unknown/);
    const { stdout } = await runMain(['runs', 'show', '3f2a'], { app });
    expect(stdout).toMatch(/time +unknown\n +API calls +unknown\n/);
    expect(json((await runMain(['runs', '--json'], { app })).stdout)).toEqual({ runs: [killed], unread: [] });
  });

  test('one under way has no time yet', async () => {
    const running: RunView = { ...failed, error: null, status: 'running', finishedAt: null };
    const { app } = fakeApp({ runs: async () => ({ runs: [running], unread: [] }) });
    expect((await runMain(['runs'], { app })).stdout).toMatch(/running +5m ago +- +4/);
  });

  test('one with its steps', async () => {
    const step = {
      name: 'updated',
      startedAt: failed.startedAt,
      finishedAt: failed.startedAt,
      counts: { ids: 3 },
      note: 'Halved once.',
    };
    const { app } = fakeApp({ run: async () => ({ run: { ...failed, steps: [step] } }) });
    const { stdout } = await runMain(['runs', 'show', '3f2a'], { app });
    expect(stdout).toContain('Halved once.');
    expect(stdout).toContain('3 upserted');
    expect(json((await runMain(['runs', 'show', '3f2a', '--json'], { app })).stdout)).toEqual({
      run: { ...failed, steps: [step] },
    });
  });

  test.each([undefined, 60])('one with a line for each conflict, whole (columns: %s)', async (columns) => {
    const conflicts = {
      name: 'conflicts',
      startedAt: failed.startedAt,
      finishedAt: failed.startedAt,
      counts: {},
      note: `003A: Title "${'long '.repeat(40)}" from here is dropped for "a\u001b[2Jb".\n003B: The contact was deleted.`,
    };
    const { app } = fakeApp({ run: async () => ({ run: { ...failed, steps: [conflicts] } }) });
    const { stdout } = await runMain(['runs', 'show', '3f2a'], {
      app,
      ...(columns !== undefined && { terminal: true, columns }),
    });
    const lines = stdout.split('\n');
    expect(lines.find((line) => line.includes('conflicts'))).toContain('2 lines, below');
    expect(lines.slice(-4)).toEqual([
      'conflicts:',
      `  003A: Title "${'long '.repeat(40)}" from here is dropped for "ab".`,
      '  003B: The contact was deleted.',
      '',
    ]);
  });
});

describe('doctor', () => {
  const checks = [
    { name: 'node', status: 'ok' as const, message: 'Node 24.', hint: null, instanceUrl: null },
    {
      name: 'clock',
      status: 'warn' as const,
      message: '3 minutes off.',
      hint: 'Set the clock.',
      instanceUrl: null,
    },
    { name: 'login acme', status: 'fail' as const, message: 'Gone.', hint: 'Log in again.', instanceUrl },
  ];

  test('is exit 1 when a check fails, with the checks all the same', async () => {
    const { app } = fakeApp({ doctor: async () => ({ checks }) });
    const { code, stdout } = await runMain(['doctor'], { app });
    expect(code).toBe(1);
    expect(stdout).toBe(
      'ok    node: Node 24.\nwarn  clock: 3 minutes off.\n      → Set the clock.\nfail  login acme: Gone.\n      → Log in again.\n',
    );
    const asJson = await runMain(['doctor', '--json'], { app });
    expect(json(asJson.stdout)).toMatchObject({ checks, error: { code: 'DOCTOR_FAILED' } });
  });

  test('a warning alone is no failure', async () => {
    const { app } = fakeApp({ doctor: async () => ({ checks: checks.slice(0, 2) }) });
    expect((await runMain(['doctor'], { app })).code).toBe(0);
  });
});

test('limits', async () => {
  const item = {
    instanceUrl,
    alias: null,
    api: { max: 15_000, remaining: 14_000, used: 1_000, app: { used: 20, max: 500 } },
    share,
    stretched: null,
    limits: { DataStorageMB: { max: 5, remaining: 4 }, Other: { max: 1, remaining: 1 } },
    error: null,
  };
  const { app } = fakeApp({ limits: async () => ({ orgs: [item] }) });
  const { stdout } = await runMain(['limits'], { app });
  expect(stdout).toContain('1,000 of 15,000 used');
  expect(stdout).toContain("40 of 3,750 (25% of the org's), 375 kept for pushes, 3,335 left for pulls");
  expect(stdout).toMatch(/calls come back +4 at 2026-03-01T13:05:00.000Z, all by 2026-03-02T12:05:00.000Z/);
  expect(stdout).toMatch(/client app +20 of its 500/);
  const atOnce = { ...item, share: { ...share, allReturnedAt: share.nextReturn.at } };
  const once = fakeApp({ limits: async () => ({ orgs: [atOnce] }) });
  expect((await runMain(['limits'], { app: once.app })).stdout).toMatch(
    /calls come back +all 4 at 2026-03-01T13:05:00.000Z\n/,
  );
  expect(stdout).not.toContain('Other');
  expect((await runMain(['limits', '-v'], { app })).stdout).toContain('Other');
  expect(json((await runMain(['limits', '--json'], { app })).stdout)).toEqual({ orgs: [item] });
});

describe('orgs', () => {
  const org = {
    instanceUrl,
    orgId: '00D',
    username: 'me@acme.com',
    alias: 'prod',
    sync: true,
    auth: 'ok' as const,
    authReason: null,
    budget: null,
    twoWay: false,
    conflicts: 'salesforce-wins' as const,
  };

  test('lists', async () => {
    const { app } = fakeApp({ orgs: { list: async () => ({ orgs: [org] }) } });
    expect(json((await runMain(['orgs', '--json'], { app })).stdout)).toEqual({ orgs: [org] });
    expect((await runMain(['orgs'], { app })).stdout).toBe(
      'ALIAS  INSTANCE URL                    USERNAME     SYNC  LOGIN\nprod   https://acme.my.salesforce.com  me@acme.com  on    ok\n',
    );
    const written = { ...org, twoWay: true, conflicts: 'manual' as const };
    const two = fakeApp({
      orgs: {
        list: async () => ({ orgs: [org, written] }),
        set: async () => ({ org: { ...org, twoWay: false }, openEdits: 2 }),
      },
    });
    const lines = (await runMain(['orgs'], { app: two.app })).stdout.split('\n');
    expect(lines[0]).toMatch(/SYNC {2}TWO-WAY {2}LOGIN$/);
    expect([lines[1], lines[2]]).toEqual([
      expect.stringMatching(/on {4}off {6}ok$/),
      expect.stringMatching(/on {4}manual {3}ok$/),
    ]);
    expect((await runMain(['orgs', 'set', 'a', '--two-way', 'off'], { app: two.app })).stdout).toBe(
      'prod: two-way off. 2 edits from before still wait and are sent; `parahack-sync outbox list --org a` shows them, `parahack-sync outbox drop --all --state pending,held,conflict --org a` gives up all that waits.\n',
    );
    const set = await runMain(['orgs', 'set', 'a', '--two-way', 'on', '--conflicts', 'manual'], {
      app: two.app,
    });
    expect(set.stdout).toContain('prod: two-way on, conflicts manual.');
    expect(two.calls.at(-1)).toEqual({
      method: 'orgs.set',
      options: { org: 'a', budget: undefined, twoWay: true, conflicts: 'manual' },
    });
    const wrong = await runMain(['orgs', 'set', 'a', '--conflicts', 'mine'], { app: two.app });
    expect(wrong.code).toBe(2);
    const none = fakeApp({ orgs: { list: async () => ({ orgs: [] }) } });
    expect((await runMain(['orgs'], { app: none.app })).stdout).toContain('parahack-sync login');
  });

  test('changes', async () => {
    const { app, calls } = fakeApp({
      orgs: {
        setSync: async () => ({ org }),
        setAlias: async () => ({ org }),
        set: async () => ({ org: { ...org, budget: 0.1 }, openEdits: null }),
      },
    });
    await runMain(['orgs', 'enable', 'a'], { app });
    await runMain(['orgs', 'disable', 'a'], { app });
    const given = await runMain(['orgs', 'alias', 'a', 'prod'], { app });
    expect(given.stdout).toContain('alias prod');
    const taken = await runMain(['orgs', 'alias', 'a', ''], { app });
    expect(taken.stdout).toMatch(/alias/);
    const { stdout } = await runMain(['orgs', 'set', 'a', '--budget', '.1'], { app });
    expect(stdout).toBe('prod: up to 10% of its API requests.\n');
    const both = await runMain(['orgs', 'set', 'a', '--two-way', 'off', '--budget', '.1'], { app });
    expect(both.stdout).toBe('prod: two-way off, up to 10% of its API requests.\n');
    const off = await runMain(['orgs', 'set', 'a', '--two-way', 'off'], { app });
    expect(off.stdout).toBe('prod: two-way off.\n');
    expect(calls).toEqual([
      { method: 'orgs.setSync', options: { org: 'a', sync: true } },
      { method: 'orgs.setSync', options: { org: 'a', sync: false } },
      { method: 'orgs.setAlias', options: { org: 'a', alias: 'prod' } },
      { method: 'orgs.setAlias', options: { org: 'a', alias: null } },
      { method: 'orgs.set', options: { org: 'a', budget: 0.1 } },
      { method: 'orgs.set', options: { org: 'a', budget: 0.1, twoWay: false } },
      { method: 'orgs.set', options: { org: 'a', budget: undefined, twoWay: false } },
    ]);
  });
});

describe('outbox', () => {
  test('list', async () => {
    const entry = {
      key: 'b1946ac9-0000-4000-8000-000000000000',
      instanceUrl,
      op: 'create' as const,
      contactKey: 'k',
      contactId: null,
      changes: { LastName: 'Ng' },
      fields: ['LastName'],
      contact: { name: 'Ng', email: 'ng@acme.com' },
      state: 'rejected' as const,
      attempts: 1,
      errors: [
        {
          code: 'DUPLICATES_DETECTED',
          message: 'Use one of these.',
          fields: [],
          duplicates: [{ id: '003A', name: 'Ngoc Ng', email: null }],
        },
      ],
      createdAt: '2026-03-01T11:00:00.000Z',
      sentAt: '2026-03-01T11:00:01.000Z',
      settledAt: null,
    };
    const { app, calls } = fakeApp({ outbox: { list: async () => outboxList([entry]) } });
    const { stdout } = await runMain(
      ['outbox', 'list', '--state', 'rejected,in-doubt', '--conflicts', '--json'],
      { app },
    );
    expect(json(stdout)).toEqual({ entries: [entry], total: 1 });
    expect(calls[0]?.options).toEqual({
      org: null,
      states: ['rejected', 'in-doubt', 'conflict'],
      limit: 100,
    });
    expect((await runMain(['outbox', 'list'], { app })).stdout).toContain(
      'DUPLICATES_DETECTED: Use one of these.',
    );
    const narrow = await runMain(['outbox', 'list'], { app, terminal: true, columns: 50 });
    expect(narrow.stdout).toMatch(
      /^Too narrow for the whole of .*ERROR.*\. `parahack-sync outbox show KEY` tells one entry whole, --json all of them\.$/m,
    );
    expect((await runMain(['outbox', 'list'], { app })).stdout).not.toContain('Too narrow');
  });

  test('retry and drop', async () => {
    const moved = async () => ({ instanceUrl, keys: ['k1'], waitsFor: [] });
    const left = [
      { state: 'pending' as const, entries: 3 },
      { state: 'in-doubt' as const, entries: 2 },
      { state: 'held' as const, entries: 5_120 },
    ];
    const dropped = async () => ({ ...(await moved()), left });
    const { app, calls } = fakeApp({ outbox: { retry: moved, drop: dropped } });
    await runMain(['outbox', 'retry', 'k1', '--in-doubt', '--org', 'prod'], { app });
    const { stdout } = await runMain(['outbox', 'drop', '--all'], { app });
    expect(stdout).toBe(
      'acme.my.salesforce.com: 1 entry dropped. Left: 3 pending, 5,120 held; `parahack-sync outbox drop --all --state pending,held` gives them up.\n',
    );
    const held = await runMain(['outbox', 'drop', '--all', '--state', 'held,pending'], { app });
    expect(held.stdout).toBe('acme.my.salesforce.com: 1 entry dropped.\n');
    expect(calls).toEqual([
      { method: 'outbox.retry', options: { org: 'prod', keys: ['k1'], all: false, inDoubt: true } },
      { method: 'outbox.drop', options: { org: null, keys: [], all: true, inDoubt: false } },
      {
        method: 'outbox.drop',
        options: { org: null, keys: [], all: true, inDoubt: false, states: ['held', 'pending'] },
      },
    ]);
  });

  test.each([
    [['--all', '--state', 'sent'], 'on its way'],
    [['--all', '--state', 'in-doubt'], 'outbox drop --all --in-doubt'],
    [['--all', '--state', 'waiting'], 'pending, rejected, held, conflict'],
    [['k1', '--state', 'held'], '--state goes with --all'],
    [['--state', 'held'], '--all'],
  ])('drop %j is refused', async (words, hint) => {
    const { app } = fakeApp({});
    const { code, stderr } = await runMain(['outbox', 'drop', ...words], { app });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(hint) });
  });

  const settledEntry = {
    key: 'k1',
    instanceUrl,
    op: 'update' as const,
    contactKey: '003A',
    contactId: '003A',
    changes: { Title: 'New' },
    fields: ['Title'],
    contact: { name: 'Ng', email: null },
    state: 'done' as const,
    attempts: 2,
    errors: [],
    createdAt: '2026-03-01T11:00:00.000Z',
    sentAt: '2026-03-01T11:00:01.000Z',
    settledAt: '2026-03-01T11:00:02.000Z',
  };
  const none = { instanceUrl, settled: [], inDoubt: [], waitsFor: [], released: [] };

  test('settle says of which entry the request is waited for no more', async () => {
    const settled = { instanceUrl, settled: [settledEntry], inDoubt: [], waitsFor: [], released: ['k1'] };
    const { app } = fakeApp({ outbox: { settle: async () => settled } });
    const { stdout } = await runMain(['outbox', 'settle', 'k1', '--not-sent'], { app });
    expect(stdout).toMatch(/k1 +done: contact 003A; its request without an answer is waited for no more/);
    const asJson = await runMain(['outbox', 'settle', 'k1', '--not-sent', '--json'], { app });
    expect(json(asJson.stdout)).toMatchObject({ released: ['k1'] });
  });

  test('settle counts what it was told to settle, and no doubt of which it knows nothing', async () => {
    const { app } = fakeApp({ outbox: { settle: async () => ({ ...none, settled: [settledEntry] }) } });
    const { stdout } = await runMain(['outbox', 'settle', 'k1', '--as', '003A'], { app });
    expect(stdout.split('\n')[0]).toBe('acme.my.salesforce.com: 1 entry settled.');
    const left = { ...none, inDoubt: [{ ...settledEntry, state: 'in-doubt' as const, doubt: null }] };
    const asked = fakeApp({ outbox: { settle: async () => left } });
    const still = await runMain(['outbox', 'settle', '--auto'], { app: asked.app });
    expect(still.stdout.split('\n')[0]).toBe('acme.my.salesforce.com: 0 entries settled, 1 still in doubt.');
  });

  test('retry says what is to be decided first, by the command for it', async () => {
    const waitsFor = (['conflict', 'in-doubt', 'held', 'held'] as const).map((state, n) => ({
      key: `k${n}`,
      state,
    }));
    const { app } = fakeApp({
      outbox: {
        retry: async () => ({ instanceUrl, keys: ['k9'], waitsFor }),
      },
    });
    const retried = await runMain(['outbox', 'retry', 'k9', '--take', 'local'], { app });
    expect(retried.stdout).toBe(
      'acme.my.salesforce.com: 1 entry to be sent. Before that, 4 others that go with it or not at all must be decided: ' +
        '`parahack-sync outbox retry k0 --take local` for what is in conflict; ' +
        '`parahack-sync outbox settle k1 --not-sent`, or --auto, for what is in doubt; ' +
        '`parahack-sync outbox approve k2 k3` for what is held.\n',
    );
  });
});

test('emulator', async () => {
  const first = {
    url: 'http://localhost:8080',
    clientId: 'id',
    clientSecret: 'the-secret-of-the-emulator',
    username: 'admin@emulated.example',
    orgId: '00D',
    accessToken: '00Dxx0000001gPL!token',
  };
  const second = { ...first, url: 'http://localhost:8081', orgId: '00E' };
  const ready = { event: 'emulator:ready' as const, ...first, orgs: [first, second] };
  const { app, calls } = fakeApp({ emulator: async (_options, { onEvent }) => onEvent(ready) });
  const argv = [
    'emulator',
    '--port',
    '8080',
    '--orgs',
    '2',
    '--org-id',
    '00D5g000004AbCd',
    '--contacts',
    '5',
    '--seed',
    '2',
    '--custom-fields',
    '1',
    '--state',
    's.db',
    '--latency',
    '3',
  ];
  const more = [
    '--daily-limit',
    '10',
    '--concurrent-limit',
    '4',
    '--object',
    'a.json,b.json',
    '--object',
    'c.json',
    '--auto-approve',
    '--rotate-refresh-tokens',
  ];
  const { code, stdout } = await runMain([...argv, ...more, '--json'], { app });
  expect(code).toBe(0);
  expect(json(stdout)).toEqual(ready);
  expect(calls[0]?.options).toEqual({
    port: 8080,
    orgs: 2,
    orgId: '00D5g000004AbCd',
    contacts: 5,
    seed: 2,
    customFields: 1,
    stateFile: 's.db',
    latencyMs: 3,
    dailyLimit: 10,
    concurrentLimit: 4,
    objectFiles: ['a.json', 'b.json', 'c.json'],
    autoApprove: true,
    rotateRefreshTokens: true,
  });
  const text = await runMain(['emulator'], { app });
  expect(text.stdout).toContain('A Salesforce org listens on http://localhost:8080');
  expect(text.stdout).toContain('A Salesforce org listens on http://localhost:8081');
});
