import { describe, expect, test } from 'vitest';
import type { ReconcileItem } from '../../../src/contract/reconcile.ts';
import { fakeApp } from '../support/fake-app.ts';
import { json, runMain } from '../support/run-main.ts';

const complete: ReconcileItem = {
  instanceUrl: 'https://acme.my.salesforce.com',
  status: 'complete',
  dryRun: false,
  cause: 'asked',
  checked: 10_000,
  missing: 3,
  stale: 2,
  ghosts: 1,
  held: 0,
  repaired: 6,
  recalculated: 4,
  contacts: 10_000,
  compared: { org: 10_000, mirror: 9_998 },
  ids: null,
  apiCalls: 17,
  durationMs: 2_000,
  runId: 'r1',
  resumed: false,
  former: null,
  error: null,
};
const failed = (code: string): ReconcileItem => ({
  ...complete,
  instanceUrl: 'https://b.my.salesforce.com',
  status: 'failed',
  error: { code, message: `${code} happened.`, hint: null, details: null },
});
const appOf = (...orgs: ReconcileItem[]) => fakeApp({ reconcile: async () => ({ orgs }) }).app;

test('its options', async () => {
  const { app, calls } = fakeApp({ reconcile: async () => ({ orgs: [] }) });
  await runMain(['reconcile', 'a', 'b', '--dry-run', '--force', '--no-wait'], { app });
  await runMain(['reconcile'], { app });
  expect(calls.map(({ options }) => options)).toEqual([
    { orgs: ['a', 'b'], dryRun: true, force: true, wait: false },
    { orgs: [], dryRun: false, force: false, wait: true },
  ]);
});

test('one org is told in a sentence, several in a table', async () => {
  const one = await runMain(['reconcile'], { app: appOf(complete) });
  expect(one.code).toBe(0);
  expect(one.stdout).toContain(
    '10,000 contacts compared in 2s with 17 API calls: 3 missing, 2 stale, 1 ghost; 6 repaired. Formulas of 4 contacts were read anew.',
  );
  const equal = { ...complete, missing: 0, stale: 0, ghosts: 0, repaired: 0, recalculated: 0 };
  expect((await runMain(['reconcile'], { app: appOf(equal) })).stdout).toContain(
    '; the mirror is as the org.',
  );
  const two = await runMain(['reconcile'], { app: appOf(complete, failed('TIMEOUT')) });
  expect(two.code).toBe(4);
  expect(two.stdout).toMatch(/ORG.*CHECKED.*MISSING.*STALE.*GHOSTS.*HELD.*REPAIRED/);
});

test('one that did not begin is not said to have something to go on with', async () => {
  const begun = await runMain(['reconcile'], { app: appOf(failed('TIMEOUT')) });
  expect(begun.stdout).toBe('b.my.salesforce.com: failed; run it again to go on.\n');
  const refused = await runMain(['reconcile'], { app: appOf({ ...failed('ORG_BUSY'), checked: 0 }) });
  expect(refused.stdout).toBe('b.my.salesforce.com: failed.\n');
});

test('an older one that came to its end before is told beside it, also where the whole behind it failed', async () => {
  const { cause, compared, durationMs, apiCalls } = complete;
  const counts = { checked: 9_999, missing: 1, stale: 2, ghosts: 1, held: 0, repaired: 4, recalculated: 0 };
  const former = { cause, ...counts, compared: compared!, durationMs, apiCalls, runId: 'r0' };
  const told =
    'An older comparison that lay interrupted came to its end before: 1 missing, 2 stale, 1 ghost; 4 repaired.\n';
  const one = await runMain(['reconcile'], { app: appOf({ ...complete, former }) });
  expect(one.stdout).toMatch(/^acme.*10,000 contacts compared.*\n/);
  expect(one.stdout.endsWith(`\n${told}`)).toBe(true);
  const cut = await runMain(['reconcile'], { app: appOf({ ...failed('TIMEOUT'), checked: 0, former }) });
  expect(cut.stdout).toBe(`b.my.salesforce.com: failed.\n${told}`);
  const two = await runMain(['reconcile'], { app: appOf(complete, { ...failed('TIMEOUT'), former }) });
  expect(two.stdout.endsWith(`\nb.my.salesforce.com: ${told}`)).toBe(true);
  expect(
    json((await runMain(['reconcile', '--json'], { app: appOf({ ...complete, former }) })).stdout),
  ).toMatchObject({
    orgs: [{ former: { runId: 'r0', repaired: 4 } }],
  });
});

test('a dry run names the Ids with --verbose, and how many it does not name', async () => {
  const ids = { missing: ['003A'], stale: ['003B', '003C'], ghosts: ['003D'], held: [] };
  const app = () => appOf({ ...complete, dryRun: true, repaired: 0, recalculated: 0, ids });
  const brief = await runMain(['reconcile', '--dry-run'], { app: app() });
  expect(brief.stdout).toContain('3 missing, 2 stale, 1 ghost. Nothing was changed.');
  expect(brief.stdout).not.toContain('003A');
  const { stdout } = await runMain(['reconcile', '--dry-run', '-v'], { app: app() });
  expect(stdout).toContain('missing 003A\nmissing: 2 more are not named\nstale 003B\nstale 003C\nghost 003D');
});

test('one that is left to a watch says so', async () => {
  const left = await runMain(['reconcile', '--no-wait'], { app: appOf({ ...complete, status: 'queued' }) });
  expect(left.code).toBe(0);
  expect(left.stdout).toBe(
    'acme.my.salesforce.com: left to the watch that runs; `runs` shows what it comes to.\n',
  );
});

describe('the exit code', () => {
  test('is 4 where rows are held, and says what to do', async () => {
    const held = { ...complete, ghosts: 150, held: 150 };
    const { code, stdout } = await runMain(['reconcile', '--json'], { app: appOf(held) });
    expect(code).toBe(4);
    expect(json(stdout)).toMatchObject({
      error: {
        code: 'PARTIAL',
        message: expect.stringContaining('150 contacts'),
        hint: expect.stringContaining('--force'),
      },
    });
    const dry = await runMain(['reconcile', '--dry-run'], { app: appOf({ ...held, dryRun: true }) });
    expect(dry.code).toBe(0);
  });

  test.each([
    ['ORG_BUSY', 6],
    ['NOT_BACKFILLED', 1],
    ['LOGIN_REQUIRED', 3],
    ['INTERRUPTED', 130],
  ])('is of %s that of the error', async (code, exit) => {
    expect((await runMain(['reconcile'], { app: appOf(failed(code)) })).code).toBe(exit);
  });
});
