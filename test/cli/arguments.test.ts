import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { fakeApp } from './support/fake-app.ts';
import { outboxList } from './support/listed.ts';
import { json, runMain } from './support/run-main.ts';

const backfill = () => fakeApp({ backfill: async () => ({ orgs: [] }) });

describe('global flags stand anywhere', () => {
  test.each([
    [['--json', '--data-dir', '/d', '-v', 'backfill', 'prod']],
    [['backfill', '--json', 'prod', '--data-dir', '/d', '--verbose']],
    [['backfill', 'prod', '-v', '--data-dir=/d', '--json']],
  ])('%j', async (argv) => {
    const { app, calls } = backfill();
    const { code, stdout, config } = await runMain(argv, { app });
    expect(code).toBe(0);
    expect(json(stdout)).toEqual({ orgs: [] });
    expect(config).toMatchObject({ dataDir: '/d', verbosity: 1, json: true });
    expect(calls[0]?.options).toMatchObject({ orgs: ['prod'] });
  });

  test('--verbose counts', async () => {
    const { config } = await runMain(['backfill', '-v', '--verbose', '-v'], { app: backfill().app });
    expect(config?.verbosity).toBe(3);
  });

  test('in a command of a command', async () => {
    const { app } = fakeApp({ outbox: { list: async () => outboxList([]) } });
    const { code, stdout } = await runMain(['outbox', '--json', 'list', '--api-version', '61'], { app });
    expect(code).toBe(0);
    expect(json(stdout)).toEqual({ entries: [], total: 0 });
  });
});

describe('wrong usage is exit 2, one sentence and a hint, and starts nothing', () => {
  test.each([
    [['backfil'], "Unknown command 'backfil'.", 'Did you mean backfill?'],
    [['backfill', '--frsh'], "Unknown option '--frsh'.", 'Did you mean --fresh?'],
    [['contacts'], '`contacts` needs to know what to do.', 'list, search, show, export'],
    [['contacts', 'lst'], "Unknown command 'lst'.", 'Did you mean list?'],
    [['help', 'nope'], "Unknown command 'nope'.", 'There are: login, backfill,'],
    [['help', 'backfil'], "Unknown command 'backfil'.", 'Did you mean backfill?'],
    [['help', 'orgs', 'nope'], "Unknown command 'nope'.", 'enable, disable, alias, set'],
    [['help', 'status', 'prod'], "Unknown command 'prod'.", '`status` has no commands of its own'],
    [['nope', '--help'], "Unknown command 'nope'.", 'There are:'],
    [['--data-dir', 'backfill', 'nope', '--help'], "Unknown command 'nope'.", 'There are:'],
    [['orgs', 'enabel', '--help'], "Unknown command 'enabel'.", 'Did you mean enable?'],
    [['orgs', 'nope'], "Unknown command 'nope'.", 'There are: enable'],
    [['outbox', 'nope', '-h'], "Unknown command 'nope'.", 'There are: list'],
    [['runs', 'show', 'a', 'b'], 'Too many arguments', '--help'],
    [['status', 'a', 'b'], 'Too many arguments', '--help'],
    [['orgs', 'enable'], "Missing required argument 'org'.", '--help'],
    [['watch', '--interval', '29s'], 'It must lie between 30s and 1d.', '--help'],
    [['watch', '--interval', '2d'], 'It must lie between 30s and 1d.', '--help'],
    [['watch', '--interval', '999999999999d'], 'It must lie between 30s and 1d.', '--help'],
    [['watch', '--interval', '5'], 'Write a whole number and a unit', '--help'],
    [['backfill', '--api', 'soap'], 'Allowed choices are auto, rest, bulk.', '--help'],
    [['backfill', '--concurrency', '0'], 'It takes a whole number from 1 to 100.', '--help'],
    [['backfill', '--concurrency', '1e1'], 'It takes a whole number', '--help'],
    [['backfill', 'prod', '--all'], 'Both orgs and --all are given.', ''],
    [['doctor', 'now'], 'Too many arguments', '--help'],
    [['login', '--access-token', 'secret'], "Unknown option '--access-token'.", '--help'],
    [['login', '--access-token-stdin'], '--access-token-stdin needs --instance-url.', 'https://acme'],
    [['login', '--jwt-key-file', 'k'], '--jwt-key-file needs --username.', '--username'],
    [['login', '--client-credentials', '--jwt-key-file', 'k'], 'two ways to log in', ''],
    [['login', '--sandbox', '--instance-url', 'https://a.my.salesforce.com'], 'two places', ''],
    [['login', '--username', 'me'], '--username belongs to --jwt-key-file.', ''],
    [['orgs', 'set', 'prod'], 'No setting is given.', ''],
    [['orgs', 'set', 'prod', '--budget', '2'], '--budget is "2"', '0.25'],
    [['outbox', 'retry'], 'No entry is named.', 'outbox list'],
    [['outbox', 'retry', '--in-doubt'], 'No entry is named.', 'outbox retry --all --in-doubt`'],
    [['outbox', 'retry', '--take', 'local'], 'No entry is named.', 'outbox retry --all --take local'],
    [['outbox', 'drop', '--in-doubt'], 'No entry is named.', 'outbox drop --all --in-doubt`'],
    [['outbox', 'list', '--state', 'lost'], '"lost" is no state', 'pending'],
    [['emulator', '--state', '-'], '--state - is no file', './-'],
    [['logout', 'prod', '--all'], 'Both an org and --all', ''],
    [['completion', 'csh'], 'Allowed choices are bash, zsh, fish.', '--help'],
    [['backfill', '--api-version', '12'], 'not an API version', '62.0'],
  ])('%j', async (argv, sentence, hint) => {
    const { code, stdout, stderr } = await runMain(argv, { app: fakeApp({}).app });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    const [first = '', second = ''] = stderr.split('\n');
    expect(first).toMatch(/^Error: [^a-z]/);
    expect(first).toContain(sentence);
    expect(second).toMatch(/^Hint: /);
    expect(second).toContain(hint);
    const asJson = await runMain([...argv, '--json'], { app: fakeApp({}).app });
    expect(asJson.code).toBe(2);
    expect(asJson.stderr).toBe('');
    expect(json(asJson.stdout)).toEqual({
      error: {
        code: 'INVALID_INPUT',
        message: first.slice(7),
        hint: second.slice(6),
        details: asJson.stdout.includes('"usage"') ? expect.anything() : null,
      },
    });
  });
});

test.each([
  [['help', 'orgs', 'enable'], 'Usage: parahack-sync orgs enable'],
  [['orgs', 'enable', '--help'], 'Usage: parahack-sync orgs enable'],
  [['--data-dir', 'nope', 'help', 'runs'], 'Usage: parahack-sync runs'],
  [['help', 'help'], 'Usage: parahack-sync'],
  [['help'], 'Usage: parahack-sync'],
])('%j is help', async (argv, usage) => {
  const { code, stdout } = await runMain(argv);
  expect(code).toBe(0);
  expect(stdout).toContain(usage);
});

test('what stands in the place of an argument is no command', async () => {
  const { app, calls } = fakeApp({ runs: async () => ({ runs: [], unread: [] }) });
  await runMain(['runs', 'nope'], { app });
  expect(calls[0]?.options).toMatchObject({ org: 'nope' });
});

test('the bare name shows the help; a script that forgot the command is told so', async () => {
  const bare = await runMain([]);
  expect(bare.code).toBe(0);
  expect(bare.stdout).toContain('Usage: parahack-sync');
  const script = await runMain(['--json']);
  expect(script.code).toBe(2);
  expect(json(script.stdout)).toMatchObject({ error: { code: 'INVALID_INPUT' } });
});

test('--version is the package version, as JSON too', async () => {
  const { stdout } = await runMain(['--version']);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(json((await runMain(['--version', '--json'])).stdout)).toEqual({ version: stdout.trim() });
});

test('list flags take commas and repetition', async () => {
  const { app, calls } = backfill();
  await runMain(['backfill', '--fields', 'Email, Phone', '--fields', 'LastName,'], { app });
  expect(calls[0]?.options).toMatchObject({ fields: ['Email', 'Phone', 'LastName'] });
});

test('durations arrive in milliseconds', async () => {
  const { app, calls } = fakeApp({ watch: async () => ({ orgs: [] }) });
  for (const interval of ['90s', '5m', '1h', '1d']) await runMain(['watch', '--interval', interval], { app });
  expect(calls.map(({ options }) => (options as { intervalMs: number }).intervalMs)).toEqual([
    90_000, 300_000, 3_600_000, 86_400_000,
  ]);
});

test('a broken environment is told before anything is opened', async () => {
  const { code, stderr } = await runMain(['status'], {
    env: { PARAHACK_SYNC_API_BUDGET: 'half' },
    app: fakeApp({}).app,
  });
  expect(code).toBe(2);
  expect(stderr).toContain('PARAHACK_SYNC_API_BUDGET is "half"');
});

test('the app is disposed when the command is done, and when it has failed', async () => {
  const fine = backfill();
  await runMain(['backfill'], { app: fine.app });
  expect(fine.disposed()).toBe(1);
  const failing = fakeApp({
    backfill: async () => {
      throw new Error('no');
    },
  });
  const { code } = await runMain(['backfill'], { app: failing.app });
  expect(code).toBe(1);
  expect(failing.disposed()).toBe(1);
});

describe('a value that is empty, as of a variable that is not set, is refused for every option that takes one', () => {
  const withValue = (command: Command, words: string[] = []): { words: string[]; flag: string }[] => [
    ...command.options.filter(({ required }) => required).map(({ long }) => ({ words, flag: long! })),
    ...command.commands.flatMap((each) => withValue(each, [...words, each.name()])),
  ];
  const all = withValue(buildProgram({ run: () => {}, write: () => {} }));

  test('of which there are many', () => {
    expect(all.map(({ flag }) => flag)).toEqual(
      expect.arrayContaining(['--data-dir', '--jwt-key-file', '--alias', '--org', '--output', '--rejects']),
    );
  });

  test.each(all)('$words $flag', async ({ words, flag }) => {
    for (const given of [[flag, ''], [flag, ' '], [`${flag}=`]]) {
      const { code, stderr, config } = await runMain([...words, ...given]);
      expect(stderr).toContain(`Error: Option '${flag}`);
      expect(stderr).toMatch(/It is empty: give a value, or leave the option out\./);
      expect(code).toBe(2);
      expect(config).toBeNull();
    }
  });
});
