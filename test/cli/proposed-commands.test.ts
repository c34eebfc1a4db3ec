import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { proposeFor } from '../../src/cli/proposed-commands.ts';
import type { DoctorCheck } from '../../src/contract/doctor.ts';
import type { OutboxMoveResult } from '../../src/contract/outbox.ts';
import { fakeApp } from './support/fake-app.ts';
import { json, runMain } from './support/run-main.ts';

const acme = 'https://acme.my.salesforce.com';
const sand = 'https://acme--sand.sandbox.my.salesforce.com';
const several = [
  { instanceUrl: acme, alias: 'prod', username: 'ada@acme.com' },
  { instanceUrl: sand, alias: 'sand', username: 'ada@acme.com.sand' },
];
const program = buildProgram({ run: () => {}, write: () => {} });

test.each([
  ['`parahack-sync outbox list`', '`parahack-sync outbox list --org sand`'],
  ['"parahack-sync limits" shows it.', '"parahack-sync limits sand" shows it.'],
  ['`outbox settle KEY --as ID`', '`outbox settle KEY --as ID --org sand`'],
  ['`orgs set ORG --budget` raises it', '`orgs set sand --budget` raises it'],
  ['`parahack-sync backfill`', '`parahack-sync backfill sand`'],
  ['`backfill --api bulk --fresh`', '`backfill sand --api bulk --fresh`'],
  ['`parahack-sync reconcile --force` and', '`parahack-sync reconcile sand --force` and'],
  ['`parahack-sync watch --once`', '`parahack-sync watch sand --once`'],
  ['`parahack-sync contacts export | head -1`', '`parahack-sync contacts export --org sand | head -1`'],
  ['`gunzip -c FILE | parahack-sync push -`', '`gunzip -c FILE | parahack-sync push - --org sand`'],
  [
    '`parahack-sync outbox list`; `parahack-sync runs`',
    '`parahack-sync outbox list --org sand`; `parahack-sync runs sand`',
  ],
])('a proposed command names the org: %s', (text, told) => {
  expect(proposeFor(text, 'sand', program)).toBe(told);
  expect(proposeFor(told, 'sand', program)).toBe(told);
});

test.each([
  'the next `watch` cycle or `push`',
  '`--api collections` needs none',
  'Check that `parahack-sync watch` runs',
  '`parahack-sync doctor` says why',
  '`parahack-sync login --instance-url URL`',
  '`parahack-sync runs show ID`',
  `\`parahack-sync logout ${acme} --delete-data\``,
  '"parahack-sync backfill --fresh prod"',
  '`parahack-sync outbox list --org prod`',
  '`parahack-sync outbox list --org=prod`',
  'the view `contacts`; "sand"',
])('nothing is added where nothing is to be said: %s', (text) => {
  expect(proposeFor(text, 'sand', program)).toBe(text);
});

test('a name that a shell would not take as one word is quoted', () => {
  expect(proposeFor('`parahack-sync outbox list`', 'a b', program)).toBe(
    "`parahack-sync outbox list --org 'a b'`",
  );
});

test('every command that a text proposes stands between backticks or in double quotes, so that its org is told', () => {
  const own = /parahack-sync (?:push|outbox|contacts|reconcile|limits|status|runs|archives)\b/g;
  const bare: string[] = [];
  for (const file of globSync('src/**/*.ts')) {
    if (/^src\/(?:emulator|cli\/completion|store\/sqlite\/contact-view|cli\/commands\/examples)/.test(file))
      continue;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (/^\s*(?:\*|\/[/*])/.test(line)) continue;
      for (const { index } of line.matchAll(own)) {
        if (!/[`"][^`"]*$/.test(line.slice(0, index))) bare.push(`${file}: ${line.trim()}`);
      }
    }
  }
  expect(bare).toEqual([]);
});

const listed = { orgNames: async () => several };
const moved: OutboxMoveResult = { instanceUrl: sand, keys: ['k'], waitsFor: [{ key: 'h', state: 'held' }] };

describe('what a command says proposes commands for the org that it was given', () => {
  test.each([
    [['--org', 'sand'], 'sand'],
    [['--org=ada@acme.com.sand'], 'ada@acme.com.sand'],
    [['--org', sand], sand],
  ])('%s', async (flags, org) => {
    const { app } = fakeApp({ orgNames: async () => [] });
    const { stderr } = await runMain(['outbox', 'settle', '--not-sent', ...flags], { app });
    expect(stderr).toContain(`Hint: \`parahack-sync outbox list --state in-doubt --org ${org}\``);
    const inJson = await runMain(['outbox', 'settle', '--not-sent', ...flags, '--json'], { app });
    expect(json(inJson.stdout).error).toMatchObject({ hint: expect.stringContaining(`--org ${org}\``) });
  });

  test('as an argument', async () => {
    const { app } = fakeApp({
      limits: async () => {
        throw new AppError('API_BUDGET_EXHAUSTED', 'Used.', { hint: '`orgs set ORG --budget` raises it.' });
      },
    });
    const { stderr } = await runMain(['limits', 'sand'], { app });
    expect(stderr).toContain('Hint: `orgs set sand --budget` raises it.');
  });
});

describe('of several orgs, for the one that a text is about', () => {
  test('where a result is of one', async () => {
    const { app } = fakeApp({ ...listed, outbox: { retry: async () => moved } });
    expect((await runMain(['outbox', 'retry', 'k'], { app })).stdout).toContain(
      '`parahack-sync outbox approve h --org sand` for what is held',
    );
  });

  test('where an error names one', async () => {
    const { app } = fakeApp({
      ...listed,
      runs: async () => {
        throw new AppError('ORG_BUSY', `Another process works on ${sand}.`, {
          hint: 'See `parahack-sync outbox list`.',
        });
      },
    });
    expect((await runMain(['runs'], { app })).stderr).toBe(
      'Error: Another process works on sand.\nHint: See `parahack-sync outbox list --org sand`.\n',
    );
  });

  test('in the events of a watch', async () => {
    const { app } = fakeApp({
      ...listed,
      async watch(_options, { onEvent }) {
        onEvent({ event: 'watch:start', orgs: [acme, sand], intervalMs: 1_000, once: false, pid: 1 });
        for (const instanceUrl of [acme, sand]) {
          onEvent({
            event: 'cycle:failed',
            instanceUrl,
            error: {
              code: 'NO_MIRROR',
              message: 'None.',
              hint: 'Run `parahack-sync backfill` first.',
              details: null,
            },
            retryInMs: 1,
            failures: 1,
            endsWatch: false,
          });
        }
        return { orgs: [] };
      },
    });
    const { stdout } = await runMain(['watch'], { app });
    expect(stdout).toContain('Run `parahack-sync backfill prod` first.');
    expect(stdout).toContain('Run `parahack-sync backfill sand` first.');
  });

  test('in what the doctor says', async () => {
    const check = (name: string, instanceUrl: string | null): DoctorCheck => ({
      name,
      status: 'warn',
      message: 'there is no mirror yet',
      hint: 'Run `parahack-sync backfill`.',
      instanceUrl,
    });
    const { app } = fakeApp({
      ...listed,
      doctor: async () => ({
        checks: [check('mirror prod', acme), check('mirror sand', sand), check('x', null)],
      }),
    });
    const { stdout } = await runMain(['doctor'], { app });
    expect(stdout.match(/Run .*/g)).toEqual([
      'Run `parahack-sync backfill prod`.',
      'Run `parahack-sync backfill sand`.',
      'Run `parahack-sync backfill`.',
    ]);
  });

  test('none where one org is connected', async () => {
    const { app } = fakeApp({ orgNames: async () => several.slice(1), outbox: { retry: async () => moved } });
    expect((await runMain(['outbox', 'retry', 'k'], { app })).stdout).toContain(
      '`parahack-sync outbox approve h` for',
    );
  });
});
