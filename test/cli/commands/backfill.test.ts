import { describe, expect, test } from 'vitest';
import type { BackfillItem } from '../../../src/contract/backfill.ts';
import type { ErrorInfo } from '../../../src/contract/error-info.ts';
import { fakeApp } from '../support/fake-app.ts';
import { json, runMain } from '../support/run-main.ts';

const complete: BackfillItem = {
  instanceUrl: 'https://acme.my.salesforce.com',
  status: 'complete',
  api: 'bulk',
  contacts: 10_000,
  inserted: 9_990,
  updated: 10,
  chunks: 4,
  apiCalls: 9,
  durationMs: 2_000,
  contactsPerSecond: 5_000,
  runId: 'r1',
  resumed: false,
  compared: { org: 10_000, mirror: 10_000 },
  archived: null,
  error: null,
};
const error = (code: string): ErrorInfo => ({
  code,
  message: `${code} happened.`,
  hint: null,
  details: null,
});
const failed = (code: string, host = 'b'): BackfillItem => ({
  ...complete,
  instanceUrl: `https://${host}.my.salesforce.com`,
  status: 'failed',
  contacts: null,
  error: error(code),
});
const backfillOf = (...orgs: BackfillItem[]) => fakeApp({ backfill: async () => ({ orgs }) }).app;

test('its options', async () => {
  const { app, calls } = fakeApp({ backfill: async () => ({ orgs: [] }) });
  await runMain(
    ['backfill', 'a', 'b', '--api', 'rest', '--concurrency', '7', '--fresh', '--force', '--fields', 'Email'],
    { app },
  );
  await runMain(['backfill', '--all'], { app });
  expect(calls.map(({ options }) => options)).toEqual([
    {
      orgs: ['a', 'b'],
      all: false,
      api: 'rest',
      concurrency: 7,
      fresh: true,
      force: true,
      fields: ['Email'],
    },
    { orgs: [], all: true, api: 'auto', concurrency: null, fresh: false, force: false, fields: null },
  ]);
});

test.each([[''], [' , ']])(
  'an empty list of fields (%j) is refused, for it would copy next to nothing',
  async (fields) => {
    const { app, calls } = fakeApp({ backfill: async () => ({ orgs: [complete] }) });
    const { code, stderr } = await runMain(['backfill', '--fields', fields], { app });
    expect(code).toBe(2);
    expect(stderr).toContain('--fields');
    expect(calls).toEqual([]);
  },
);

test('the JSON is the result, every key there', async () => {
  const { code, stdout } = await runMain(['backfill', '--json'], { app: backfillOf(complete) });
  expect(code).toBe(0);
  expect(json(stdout)).toEqual({ orgs: [complete] });
  expect(stdout.trimEnd()).not.toContain('\n');
});

describe('what the orgs come to', () => {
  test.each([
    ['one that fails keeps its code', [failed('LOGIN_REQUIRED')], 3, 'LOGIN_REQUIRED'],
    ['some of several', [complete, failed('LOGIN_REQUIRED')], 4, 'PARTIAL'],
    ['all of several, alike', [failed('ORG_BUSY'), failed('ORG_BUSY', 'c')], 6, 'ORG_BUSY'],
    ['all of several, each otherwise', [failed('ORG_BUSY'), failed('TIMEOUT', 'c')], 1, 'ALL_ORGS_FAILED'],
    ['an interrupted one', [complete, { ...complete, status: 'interrupted' as const }], 130, 'INTERRUPTED'],
  ])('%s', async (_, orgs, exitCode, errorCode) => {
    const { code, stdout } = await runMain(['backfill', '--json'], { app: backfillOf(...orgs) });
    expect(code).toBe(exitCode);
    expect(json(stdout)).toMatchObject({ orgs, error: { code: errorCode } });
    const text = await runMain(['backfill'], { app: backfillOf(...orgs) });
    expect(text.code).toBe(exitCode);
    expect(text.stderr).toMatch(/^Error: /);
    expect(text.stdout).toContain('.my.salesforce.com');
  });
});

test('a fresh copy says where the old mirror is', async () => {
  const archived = '/data/orgs/acme.my.salesforce.com.20260101T000000Z.archived.db';
  const { stdout } = await runMain(['backfill', '--fresh'], { app: backfillOf({ ...complete, archived }) });
  expect(stdout).toContain(`The old mirror was put aside as ${archived}.`);
});

test('who stops a fresh copy is not told to leave --fresh out: the same command goes on', async () => {
  const interrupted = { ...complete, status: 'interrupted' as const, error: error('INTERRUPTED') };
  const hintOf = async (...flags: string[]) => {
    const { stdout } = await runMain(['backfill', '--json', ...flags], { app: backfillOf(interrupted) });
    return (json(stdout).error as ErrorInfo).hint;
  };
  expect(await hintOf('--fresh')).toBeNull();
  expect(await hintOf()).toBeNull();
});

test('without a terminal: plain lines, seldom, and no escape sequence anywhere', async () => {
  let at = 0;
  const { app } = fakeApp({
    backfill: async (_options, { onEvent }) => {
      const { instanceUrl } = complete;
      onEvent({
        event: 'backfill:start',
        instanceUrl,
        api: 'rest',
        reason: 'few contacts',
        expected: 10_000,
        resumed: false,
        runId: 'r',
      });
      for (let page = 1; page <= 100; page++) {
        at += 100;
        onEvent({
          event: 'backfill:progress',
          instanceUrl,
          contacts: page * 100,
          expected: 10_000,
          contactsPerSecond: 1_000,
          remainingMs: 10_000 - page * 100,
          apiCalls: page,
          chunksDone: 1,
          chunks: 4,
        });
      }
      onEvent({
        event: 'backfill:complete',
        instanceUrl,
        contacts: 10_000,
        durationMs: 10_000,
        apiCalls: 100,
        runId: 'r',
      });
      return { orgs: [complete] };
    },
  });
  const { stdout, stderr } = await runMain(['backfill'], { app, io: { now: () => at } });
  expect(stderr.split('\n')).toEqual([
    'acme.my.salesforce.com: copying 10,000 contacts by REST queries',
    'acme.my.salesforce.com: 5,000 of 10,000 contacts, 1,000/s, 5s left, 50 API calls, 1 of 4 chunks',
    'acme.my.salesforce.com: 10,000 of 10,000 contacts, 1,000/s, 100 API calls, 1 of 4 chunks',
    'acme.my.salesforce.com: 10,000 contacts in 10s, 100 API calls',
    '',
  ]);
  expect(stdout + stderr).not.toContain('\u001b');
  const quiet = await runMain(['backfill', '--quiet'], { app, io: { now: () => at } });
  expect(quiet.stderr).toBe('');
});

test('at a terminal a spinner turns, except with NO_COLOR no colour, and with --json or CI no spinner', async () => {
  const { app } = fakeApp({
    backfill: async (_options, { onEvent }) => {
      onEvent({
        event: 'backfill:start',
        instanceUrl: complete.instanceUrl,
        api: 'rest',
        reason: 'few contacts',
        expected: null,
        resumed: true,
        runId: 'r',
      });
      return { orgs: [complete, failed('TIMEOUT')] };
    },
  });
  const sequence = '\u001b[';
  expect((await runMain(['backfill'], { app, terminal: true })).stdout).toContain(`${sequence}1m`);
  expect((await runMain(['backfill'], { app, terminal: true, env: { NO_COLOR: '1' } })).stdout).not.toContain(
    sequence,
  );
  expect((await runMain(['backfill', '--no-color'], { app, terminal: true })).stdout).not.toContain(sequence);
  const plain = 'acme.my.salesforce.com: resuming the copy of all contacts by REST queries\n';
  expect((await runMain(['backfill', '--json'], { app, terminal: true })).stderr).toBe(plain);
  const inCi = await runMain(['backfill', '--no-color'], { app, terminal: true, env: { CI: 'true' } });
  expect(inCi.stderr.startsWith(plain)).toBe(true);
  expect(inCi.stderr).not.toContain(sequence);
});

test('a count that differs at the end is said with both numbers', async () => {
  const app = backfillOf({ ...complete, compared: { org: 10_001, mirror: 10_000 } });
  const { code, stderr } = await runMain(['backfill'], { app });
  expect(code).toBe(0);
  expect(stderr).toContain('counts 10,001 contacts, its mirror 10,000');
  expect(stderr).toContain('explain a small difference');
  const large = backfillOf({ ...complete, compared: { org: 20_000, mirror: 10_000 } });
  expect((await runMain(['backfill'], { app: large })).stderr).toContain(
    'more than changes meanwhile explain',
  );
  expect((await runMain(['backfill'], { app: backfillOf(complete) })).stderr).toBe('');
});

test('--verbose says why an API was chosen', async () => {
  const { app } = fakeApp({
    backfill: async (_options, { onEvent }) => {
      const { instanceUrl } = complete;
      onEvent({
        event: 'backfill:start',
        instanceUrl,
        api: 'rest',
        reason: 'few contacts',
        expected: 9,
        resumed: false,
        runId: 'r',
      });
      return { orgs: [complete] };
    },
  });
  expect((await runMain(['backfill', '-v'], { app })).stderr).toContain('by REST queries (few contacts)');
  expect((await runMain(['backfill'], { app })).stderr).not.toContain('few contacts');
});

test('a terminal without a size gets lines: on 0 columns a spinner would clear lines for ever', async () => {
  const { app } = fakeApp({
    backfill: async (_options, { onEvent }) => {
      onEvent({
        event: 'backfill:start',
        instanceUrl: complete.instanceUrl,
        api: 'rest',
        reason: '',
        expected: null,
        resumed: false,
        runId: 'r',
      });
      return { orgs: [complete] };
    },
  });
  const { stderr } = await runMain(['backfill'], { app, terminal: true, columns: 0 });
  expect(stderr).toBe('acme.my.salesforce.com: copying all contacts by REST queries\n');
});
