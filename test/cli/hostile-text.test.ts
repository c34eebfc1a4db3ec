import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { completionModel } from '../../src/cli/completion/completion-model.ts';
import { buildProgram } from '../../src/cli/program.ts';
import type { PushItem } from '../../src/contract/push.ts';
import type { ReconcileItem } from '../../src/contract/reconcile.ts';
import { fakeApp } from './support/fake-app.ts';
import { pushResultOf } from './support/fake-push.ts';
import { contactPage, outboxList } from './support/listed.ts';
import { runMain } from './support/run-main.ts';

/** What somebody may write into a contact, a username, an error message, a file's name. */
const hostile =
  'x\u001b[2J\u001b[8m\u001b]0;owned\u0007\u009b31m\u202etxt\u2066y\u2069\u200bz\u200f\r\nFORGED one\u2028FORGED two\u0085FORGED three\u007f\ufeff';
const text = (word: string) => `${word} ${hostile}`;

const instanceUrl = 'https://acme.my.salesforce.com';
const at = '2026-03-01T11:59:00.000Z';
const error = {
  code: text('CODE'),
  message: text('Refused.'),
  hint: text('Ask.'),
  details: { said: hostile },
};
const org = {
  instanceUrl,
  orgId: text('00D'),
  username: text('me@acme.com'),
  alias: text('prod'),
  sync: true,
  twoWay: false,
  conflicts: 'salesforce-wins' as const,
  auth: 'unknown' as const,
  authReason: error,
  budget: 0.1,
};
const unusedShare = {
  budget: 0.25,
  allowed: 1,
  used: 0,
  reserve: 0,
  left: 1,
  nextReturn: null,
  allReturnedAt: null,
};
const run = {
  id: text('3f2a91c4'),
  kind: 'cycle' as const,
  instanceUrl,
  status: 'failed' as const,
  startedAt: at,
  finishedAt: at,
  counts: { [text('upserted')]: 3 },
  apiCalls: 4,
  error,
};
const columns = [
  { name: 'Id', type: 'id' },
  { name: 'Name', type: 'string' },
];
const page = { instanceUrl, columns, rows: [['003', hostile]], total: 2, coveredUntil: at };
const entry = {
  key: text('b1946ac9'),
  instanceUrl,
  op: 'create' as const,
  contactKey: hostile,
  contactId: text('003'),
  changes: { LastName: hostile, [text('Field__c')]: hostile },
  fields: ['LastName', text('Field__c')],
  contact: { name: hostile, email: hostile },
  state: 'rejected' as const,
  attempts: 1,
  errors: [
    {
      code: text('CODE'),
      message: text('Refused.'),
      fields: [hostile],
      duplicates: [{ id: text('003'), name: hostile, email: hostile }],
    },
  ],
  createdAt: at,
  sentAt: at,
  settledAt: null,
};
const doubt = {
  reason: 'contacts-unexplained' as const,
  message: text('Nothing accounts for them.'),
  askedAt: at,
  candidates: [{ id: text('003'), name: hostile, email: hostile, createdAt: at, gone: 'deleted' as const }],
  candidatesTotal: 12,
};
const progress = {
  event: 'backfill:progress' as const,
  instanceUrl,
  contacts: 1,
  expected: 2,
  contactsPerSecond: 1,
  remainingMs: 2_000,
  apiCalls: 1,
  chunksDone: 0,
  chunks: 1,
};
const start = {
  event: 'backfill:start' as const,
  instanceUrl,
  api: 'rest' as const,
  reason: hostile,
  expected: 2,
  resumed: false,
  runId: 'r',
};
const backfilled = {
  instanceUrl,
  status: 'failed' as const,
  api: 'rest' as const,
  contacts: 2,
  inserted: 2,
  updated: 0,
  chunks: 1,
  apiCalls: 1,
  durationMs: 1,
  contactsPerSecond: 1,
  runId: 'r',
  resumed: false,
  compared: { org: 2, mirror: 1 },
  archived: null,
  error,
};
const reconciled: ReconcileItem = {
  instanceUrl,
  status: 'failed',
  dryRun: true,
  cause: 'asked',
  checked: 2,
  missing: 2,
  stale: 1,
  ghosts: 1,
  held: 1,
  repaired: 0,
  recalculated: 0,
  contacts: 2,
  compared: { org: 2, mirror: 1 },
  ids: { missing: [hostile], stale: [hostile], ghosts: [], held: [hostile] },
  apiCalls: 1,
  durationMs: 1,
  runId: 'r',
  resumed: false,
  former: null,
  error,
};
const pushed: PushItem = {
  index: 0,
  source: text('a.csv'),
  line: 2,
  key: 'k',
  status: 'rejected',
  id: text('003'),
  errors: entry.errors,
};
const archive = { instanceUrl: hostile, path: text('/d/acme.db'), archivedAt: at, bytes: 1_000 };
const waitsFor = [{ key: text('w'), state: 'held' as const }];
const moved = async () => ({ instanceUrl, keys: [text('k')], waitsFor });

const { app } = fakeApp({
  async login(_options, { onEvent }) {
    onEvent({ event: 'login:url', url: text('https://login'), redirectUri: text('http://localhost:9717') });
    onEvent({ event: 'login:browser-failed', message: hostile });
    return { org: { ...org, userId: hostile, grant: 'browser' as never } };
  },
  logout: async () => ({
    orgs: [{ ...org, revoked: false, credentialRemoved: true, dataDeleted: false, error }],
  }),
  orgs: {
    list: async () => ({ orgs: [org] }),
    setSync: async () => ({ org }),
    setAlias: async () => ({ org }),
    set: async () => ({ org, openEdits: 0 }),
  },
  async backfill(_options, { onEvent }) {
    onEvent(start);
    onEvent(progress);
    onEvent({ ...progress, instanceUrl: `http://${hostile}` });
    return { orgs: [backfilled, { ...backfilled, instanceUrl: 'https://b.my.salesforce.com' }] };
  },
  async reconcile(_options, { onEvent }) {
    onEvent({
      event: 'reconcile:start',
      instanceUrl,
      cause: 'asked',
      reason: hostile,
      api: 'rest',
      expected: 2,
      resumed: false,
      dryRun: true,
      runId: 'r',
    });
    onEvent({ ...progress, event: 'reconcile:progress', instanceUrl: `http://${hostile}` });
    return { orgs: [reconciled, { ...reconciled, instanceUrl: 'https://b.my.salesforce.com' }] };
  },
  async watch(_options, { onEvent }) {
    onEvent({ event: 'watch:start', orgs: [instanceUrl, hostile], intervalMs: 1_000, once: true, pid: 1 });
    onEvent(start);
    onEvent(progress);
    onEvent({
      event: 'cycle:failed',
      instanceUrl: hostile,
      error,
      retryInMs: 1_000,
      failures: 1,
      endsWatch: false,
    });
    onEvent({ event: 'cycle:skipped', instanceUrl, error, retryInMs: null });
    onEvent({ event: 'watch:stop', reason: 'once', cycles: 1, failed: 1, skipped: 0 });
    return { orgs: [{ instanceUrl, error }] };
  },
  async push({ dryRun }) {
    const ignored = [
      { column: text('Column'), reason: 'unknown' as const, meant: text('Field'), records: 1 },
    ];
    if (!dryRun) return pushResultOf([pushed], { instanceUrl, stopped: error, ignored });
    const place = { source: text('a.csv'), index: 0, line: 2 };
    const fault = { ...place, field: text('Field'), code: hostile, message: hostile };
    const record = { ...place, fields: {}, untyped: false };
    return pushResultOf([], { faults: [fault], records: [record] });
  },
  contacts: {
    list: async () => contactPage(page),
    search: async () => contactPage(page),
    show: async () => ({
      instanceUrl,
      columns,
      row: page.rows[0]!,
      key: hostile,
      state: text('rejected'),
      error: hostile,
      gone: null,
      readAt: at,
      coveredUntil: at,
    }),
    export: async () => ({
      instanceUrl,
      columns,
      batches: (async function* () {
        yield page.rows;
      })(),
    }),
  },
  outbox: {
    list: async () => outboxList([entry], 2),
    show: async () => ({
      entry: {
        ...entry,
        base: { LastName: hostile },
        found: { LastName: hostile.toUpperCase() },
        way: null,
        upsertField: hostile,
        allowDuplicates: false,
        api: null,
        doubt,
        waitsForRequestOf: text('Waited'),
        waitsFor,
      },
      salesforce: {
        askedAt: at,
        contacts: [{ id: hostile, isGone: false, values: { [text('Field')]: hostile } }],
      },
    }),
    settle: async () => ({
      instanceUrl,
      settled: [entry],
      inDoubt: [{ ...entry, doubt }],
      waitsFor,
      released: [text('k')],
    }),
    retry: moved,
    drop: async () => ({ ...(await moved()), left: [{ state: 'held', entries: 2 }] }),
    approve: moved,
  },
  archives: {
    list: async () => ({ archives: [archive] }),
    prune: async () => ({ removed: [archive], kept: [archive] }),
  },
  status: async () => ({
    orgs: [
      {
        ...org,
        database: text('/d/acme.db'),
        contacts: 1,
        deleted: 0,
        coveredUntil: at,
        lagSeconds: 60,
        agreedAt: at,
        lastBackfill: run,
        lastCycle: run,
        lastReconcile: run,
        outbox: { pending: 1, rejected: 1, inDoubt: 0, held: 0, conflicts: 0 },
        api: { used: 1, max: 2, at, app: null, share: null, stretched: null },
        failing: {
          code: hostile,
          message: hostile,
          hint: hostile,
          since: at,
          lastAt: at,
          failures: 2,
          retryAt: at,
        },
        error,
      },
    ],
    watch: { running: true, pid: 1, since: at },
  }),
  runs: async () => ({ runs: [run], unread: [] }),
  run: async () => ({
    run: { ...run, steps: [{ name: hostile, startedAt: at, finishedAt: at, counts: {}, note: hostile }] },
  }),
  limits: async () => ({
    orgs: [
      {
        instanceUrl,
        alias: text('prod'),
        api: { max: 2, remaining: 1, used: 1, app: null },
        share: unusedShare,
        stretched: null,
        limits: { [text('Limit')]: { max: 1, remaining: 1 } },
        error: null,
      },
      {
        instanceUrl,
        alias: text('prod'),
        api: { max: 2, remaining: 1, used: 1, app: null },
        share: unusedShare,
        stretched: null,
        limits: {},
        error,
      },
    ],
  }),
  doctor: async () => ({
    checks: [{ name: hostile, status: 'fail' as const, message: hostile, hint: hostile, instanceUrl }],
  }),
  async emulator(_options, { onEvent }) {
    const org = {
      url: text('http://localhost:1'),
      clientId: hostile,
      clientSecret: hostile,
      username: hostile,
      orgId: hostile,
      accessToken: hostile,
    };
    onEvent({ event: 'emulator:ready', ...org, orgs: [org] });
  },
});

const folder = mkdtempSync(join(tmpdir(), 'parahack-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const contacts = join(folder, 'a.csv');
writeFileSync(contacts, 'LastName\nNg\n');

/** Each command with what it needs; `null` where it answers nothing but that it is not there yet. */
const lines: Record<string, string[][] | null> = {
  login: [
    ['login', '--client-id', 'c'],
    ['login', '--client-id', 'c', '--no-browser'],
  ],
  logout: [['logout']],
  orgs: [['orgs'], ['orgs', hostile]],
  'orgs enable': [['orgs', 'enable', 'prod']],
  'orgs disable': [['orgs', 'disable', 'prod']],
  'orgs alias': [['orgs', 'alias', 'prod', 'x']],
  'orgs set': [
    ['orgs', 'set', 'prod', '--budget', '0.1'],
    ['orgs', 'set', 'prod', '--budget', hostile],
  ],
  backfill: [['backfill'], ['backfill', '--api', hostile], ['backfill', '-v']],
  watch: [
    ['watch', '--once'],
    ['watch', '--interval', hostile],
  ],
  push: [
    ['push', contacts],
    ['push', contacts, '--dry-run'],
    ['push', join(folder, hostile)],
    ['push', contacts, '--rejects', join(folder, hostile, hostile)],
  ],
  'contacts list': [
    ['contacts', 'list'],
    ['contacts', 'list', '--limit', hostile],
  ],
  'contacts search': [['contacts', 'search', 'x']],
  'contacts show': [['contacts', 'show', '003']],
  'contacts export': [['contacts', 'export', '--output', join(folder, hostile, hostile)]],
  'archives list': [['archives', 'list']],
  'archives prune': [['archives', 'prune']],
  'outbox list': [
    ['outbox', 'list'],
    ['outbox', 'list', '--state', hostile],
  ],
  'outbox show': [['outbox', 'show', 'b1']],
  'outbox retry': [['outbox', 'retry', '--all']],
  'outbox drop': [['outbox', 'drop', '--all']],
  'outbox approve': [['outbox', 'approve', '--all']],
  'outbox settle': [
    ['outbox', 'settle', '--auto'],
    ['outbox', 'settle', 'b1', '--as', hostile],
  ],
  status: [['status']],
  runs: [['runs']],
  'runs show': [['runs', 'show', 'x']],
  limits: [['limits', '-v']],
  doctor: [['doctor']],
  reconcile: [['reconcile'], ['reconcile', '--dry-run', '-v']],
  changes: null,
  'changes ack': null,
  'changes consumers': null,
  'changes forget': null,
  'webhooks add': null,
  'webhooks list': null,
  'webhooks remove': null,
  'webhooks test': null,
  'webhooks resume': null,
  'events enable': null,
  'events disable': null,
  'events status': null,
  worker: null,
  'service install': null,
  'service uninstall': null,
  'service status': null,
  'service logs': null,
  completion: [['completion', hostile]],
  emulator: [['emulator']],
};

const unsafe = /[^\P{Cc}\n]|[\u061c\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/u;
/** What this program itself sends to a terminal: its colours, and a spinner's movements. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for.
const own = /\u001b\[(?:(?:1|2|22|31|32|33|36|39)m|\d+G|K|-?\d+A|\?(?:25|2026)[lh])/g;

test('every command is tried', () => {
  const program = buildProgram({ run() {}, write() {} });
  const names = completionModel(program)
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => path);
  const groups = names.filter((name) => names.some((other) => other.startsWith(`${name} `)));
  const wanted = names.filter(
    (name) => !['archives', 'contacts', 'outbox', 'service', 'webhooks', 'events'].includes(name),
  );
  expect(groups).toContain('contacts');
  expect(Object.keys(lines).sort()).toEqual(wanted.filter((name) => !name.startsWith('help')).sort());
});

const tried = Object.values(lines).flatMap((each) => each ?? []);
describe.each(tried.map((argv) => [argv.join(' '), argv] as const))('%j', (_name, argv) => {
  test('text of others forges no line and sends nothing to a terminal', async () => {
    const { stdout, stderr } = await runMain(argv, { app });
    expect(stdout).not.toMatch(unsafe);
    expect(stderr).not.toMatch(unsafe);
    expect(`${stdout}\n${stderr}`).not.toMatch(/^\W*FORGED/m);
    expect(stdout + stderr).not.toBe('');
  });

  test('nor where there is colour and a spinner', async () => {
    const { stdout, stderr } = await runMain(argv, { app, terminal: true });
    const rest = `${stdout}\n${stderr}`.replace(own, '');
    expect(rest).not.toMatch(unsafe);
    expect(rest).not.toMatch(/^\W*FORGED/m);
  });

  test('nor with --json, which keeps each value', async () => {
    const { stdout, stderr } = await runMain([...argv, '--json'], { app });
    expect(stdout + stderr).not.toMatch(unsafe);
    for (const line of stdout.trimEnd().split('\n')) JSON.parse(line);
  });
});

test('a log line and its fields, and a trace', async () => {
  const { stderr } = await runMain(['status', '-vv'], {
    io: {
      loadApp:
        async () =>
        async (_config, { log }) => {
          log.warn(text('A warning.'), { said: hostile, failure: new Error(hostile) });
          throw new Error(hostile, { cause: new AppError('PARTIAL', hostile) });
        },
    },
  });
  expect(stderr).not.toMatch(unsafe);
  expect(stderr).not.toMatch(/^\W*FORGED/m);
  expect(stderr).toContain('A warning.');
  expect(stderr).toContain('caused by:');
});

test('JSON holds a contact as the mirror does', async () => {
  const { stdout } = await runMain(['contacts', 'list', '--json'], { app });
  expect((JSON.parse(stdout) as { contacts: object[] }).contacts).toEqual([{ Id: '003', Name: hostile }]);
});

test('an export for a program is exact, and one onto a terminal is safe', async () => {
  const piped = await runMain(['contacts', 'export'], { app });
  expect(piped.stdout).toBe(`Id,Name\n003,"${hostile}"\n`);
  const shown = await runMain(['contacts', 'export'], { app, terminal: true });
  expect(shown.stdout).not.toMatch(unsafe);
  expect(shown.stdout).toContain('003,"x');
});

test('a text that looks like a colour of ours is none', async () => {
  const { app: sly } = fakeApp({
    orgs: { list: async () => ({ orgs: [{ ...org, username: 'a<1>\u001b[31mred' }] }) },
  });
  const { stdout } = await runMain(['orgs'], { app: sly, terminal: true });
  expect(stdout).toContain('a<1>red');
  expect(stdout).not.toContain('\u001b[31m');
  expect(stdout).toContain('\u001b[1m');
});
