import { setImmediate as nextTurn } from 'node:timers/promises';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { OrgNames } from '../../src/cli/org-names.ts';
import { fakeApp } from './support/fake-app.ts';
import { pushResultOf } from './support/fake-push.ts';
import { contactPage, outboxList } from './support/listed.ts';
import { runMain } from './support/run-main.ts';

const acme = 'https://acme.my.salesforce.com';
const local = 'http://localhost:80';
const known = [
  { instanceUrl: acme, alias: 'prod', username: 'ada@acme.com' },
  { instanceUrl: local, alias: null, username: 'ng@local.test' },
];
const names = new OrgNames(() => 0);
await names.learnFrom({ orgNames: async () => known });

test('an org is called by its alias, else by its host', () => {
  expect(names.of(acme)).toBe('prod');
  expect(names.of(local)).toBe('localhost');
  expect(names.of('https://other.my.salesforce.com')).toBe('other.my.salesforce.com');
});

test.each([
  [`A login is needed for ${acme}: gone.`, 'A login is needed for prod: gone.'],
  [`${acme}.`, 'prod.'],
  [`"${acme}", ${acme}`, '"prod", prod'],
  [`${acme}: login --instance-url ${acme}`, `prod: login --instance-url ${acme}`],
  [`${acme}/setup`, `${acme}/setup`],
  [`${acme}:8443`, `${acme}:8443`],
  [`${acme}.evil.example`, `${acme}.evil.example`],
  [`${local}80`, `${local}80`],
  ['https://other.my.salesforce.com failed', 'https://other.my.salesforce.com failed'],
])('in a sentence: %s', (sentence, named) => {
  expect(names.inSentence(sentence)).toBe(named);
});

test('a new alias is used soon, and the names are not read for every line', async () => {
  let now = 0;
  let reads = 0;
  let alias = 'old';
  const changing = new OrgNames(() => now);
  await changing.learnFrom({
    async orgNames() {
      reads++;
      return [{ instanceUrl: acme, alias, username: 'ada@acme.com' }];
    },
  });
  for (let line = 0; line < 100; line++) expect(changing.of(acme)).toBe('old');
  expect(reads).toBe(1);
  alias = 'new';
  now = 60_000;
  // No line waits for it.
  expect(changing.of(acme)).toBe('old');
  await nextTurn();
  expect(changing.of(acme)).toBe('new');
  expect(reads).toBe(2);
  alias = 'newest';
  await changing.refresh();
  expect(changing.of(acme)).toBe('newest');
});

describe('every command calls an org the same in its text, and by its URL in JSON', () => {
  const at = '2026-03-01T11:59:00.000Z';
  const org = {
    instanceUrl: acme,
    orgId: '00D',
    username: 'u',
    alias: 'prod',
    sync: true,
    twoWay: false,
    conflicts: 'salesforce-wins' as const,
    auth: 'ok' as const,
    authReason: null,
    budget: null,
  };
  const run = {
    id: 'r',
    kind: 'cycle' as const,
    instanceUrl: acme,
    status: 'failed' as const,
    startedAt: at,
    finishedAt: at,
    counts: {},
    apiCalls: 0,
    error: { code: 'X', message: `No answer of ${acme}.`, hint: null },
  };
  const page = {
    instanceUrl: acme,
    columns: [{ name: 'Id', type: 'id' }],
    rows: [['003']],
    total: 1,
    coveredUntil: at,
  };
  const item = {
    instanceUrl: acme,
    status: 'complete' as const,
    api: 'rest' as const,
    contacts: 1,
    inserted: 1,
    updated: 0,
    chunks: 1,
    apiCalls: 1,
    durationMs: 1,
    contactsPerSecond: 1,
    runId: 'r',
    resumed: false,
    compared: { org: 2, mirror: 1 },
    archived: null,
    error: null,
  };
  const entry = {
    key: 'k',
    instanceUrl: acme,
    op: 'create' as const,
    contactKey: 'k',
    contactId: null,
    changes: {},
    fields: [],
    contact: { name: null, email: null },
    state: 'pending' as const,
    attempts: 0,
    errors: [],
    createdAt: at,
    sentAt: null,
    settledAt: null,
  };
  const moved = async () => ({ instanceUrl: acme, keys: ['k'], waitsFor: [] });
  const { app } = fakeApp({
    orgNames: async () => known,
    logout: async () => ({
      orgs: [{ ...org, revoked: true, credentialRemoved: true, dataDeleted: false, error: null }],
    }),
    orgs: { setSync: async () => ({ org }) },
    async backfill(_options, { onEvent }) {
      onEvent({
        event: 'backfill:start',
        instanceUrl: acme,
        api: 'rest',
        reason: 'r',
        expected: 1,
        resumed: false,
        runId: 'r',
      });
      return { orgs: [item, { ...item, instanceUrl: local }] };
    },
    async watch(_options, { onEvent }) {
      onEvent({ event: 'watch:start', orgs: [acme], intervalMs: 1_000, once: true, pid: 1 });
      onEvent({
        event: 'cycle:failed',
        instanceUrl: acme,
        error: { code: 'X', message: `${acme} is down.`, hint: null, details: null },
        retryInMs: 1,
        failures: 1,
        endsWatch: false,
      });
      return { orgs: [] };
    },
    push: async () => pushResultOf([], { instanceUrl: acme, runId: null }),
    contacts: {
      list: async () => contactPage(page),
      export: async () => ({ ...page, batches: (async function* () {})() }),
    },
    outbox: {
      list: async () => outboxList([entry]),
      retry: moved,
      drop: async () => ({ ...(await moved()), left: [] }),
    },
    runs: async () => ({ runs: [run], unread: [] }),
    run: async () => ({ run: { ...run, steps: [] } }),
    limits: async () => ({
      orgs: [
        {
          instanceUrl: acme,
          alias: 'prod',
          api: { max: 1, remaining: 1, used: 0, app: null },
          share: {
            budget: 1,
            allowed: 1,
            used: 0,
            reserve: 0,
            left: 1,
            nextReturn: null,
            allReturnedAt: null,
          },
          stretched: null,
          limits: {},
          error: null,
        },
      ],
    }),
    status: async () => {
      throw new AppError('ORG_BUSY', `Another process is working on ${acme}.`, {
        hint: `Run: parahack-sync login --instance-url ${acme}`,
      });
    },
  });

  test.each([
    ['logout'],
    ['orgs enable prod'],
    ['backfill'],
    ['watch --once'],
    ['push -'],
    ['contacts list'],
    ['outbox list'],
    ['outbox retry --all'],
    ['outbox drop --all'],
    ['runs'],
    ['runs show r'],
    ['limits'],
    ['status'],
  ])('%s', async (line) => {
    const argv = line.split(' ');
    const { stdout, stderr } = await runMain(argv, { app, stdin: 'LastName\nNg\n' });
    const text = `${stdout}${stderr}`.replace(/^Hint: .*$/m, '');
    expect(text).toContain('prod');
    expect(text).not.toContain('acme.my.salesforce.com');
    const asJson = await runMain([...argv, '--json'], { app, stdin: 'LastName\nNg\n' });
    expect(asJson.stdout).toContain(acme);
  });

  test('a command in a hint keeps the URL that it needs', async () => {
    const { stderr } = await runMain(['status'], { app });
    expect(stderr).toBe(
      `Error: Another process is working on prod.\nHint: Run: parahack-sync login --instance-url ${acme}\n`,
    );
  });
});

describe('an org is called as it was typed', () => {
  const { app } = fakeApp({
    orgNames: async () => known,
    orgs: {
      setSync: async () => {
        throw new AppError('ORG_BUSY', `Another process is working on ${acme}.`);
      },
      setAlias: async ({ alias }) => {
        throw new AppError('INVALID_INPUT', `"${alias}" cannot be an alias, ${acme} has none.`);
      },
    },
  });

  test.each([
    [acme, acme],
    [`${acme}/`, `${acme}/`],
    ['acme.my.salesforce.com', 'acme.my.salesforce.com'],
    ['ada@acme.com', 'ada@acme.com'],
    ['prod', 'prod'],
  ])('%s', async (typed, told) => {
    const { stderr } = await runMain(['orgs', 'enable', typed], { app });
    expect(stderr.split('\n')[0]).toMatch(
      new RegExp(`^Error: Another process is working on ${told.replace(/\/$/, '/?')}\\.$`),
    );
  });

  test('by the address of its API too', async () => {
    const typed = ['acme--api.my.salesforce.com'];
    const named = new OrgNames(() => 0, { program: new Command(), orgs: typed, words: ['status', ...typed] });
    const orgs = [{ ...known[0]!, apiUrl: `https://${typed[0]}` }];
    await named.learnFrom({ orgNames: async () => orgs });
    expect(named.of(acme)).toBe(typed[0]);
  });

  test('until an alias that was typed is no more', async () => {
    const typed = new OrgNames(() => 0, { program: new Command(), orgs: ['prod'], words: ['watch', 'prod'] });
    await typed.learnFrom({ orgNames: async () => known });
    typed.learn(acme, 'main');
    expect(typed.of(acme)).toBe('main');
  });

  test('and a URL that was typed stays one, whatever it was typed as', async () => {
    const { stderr } = await runMain(['orgs', 'alias', 'prod', acme], { app });
    expect(stderr).toBe(`Error: "${acme}" cannot be an alias, ${acme} has none.\n`);
  });
});
