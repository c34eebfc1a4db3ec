import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ContactRow } from '../../../src/contract/contacts.ts';
import { fakeApp } from '../support/fake-app.ts';
import { contactPage } from '../support/listed.ts';
import { json, runMain } from '../support/run-main.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'parahack-contacts-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const instanceUrl = 'https://acme.my.salesforce.com';
const coveredUntil = '2026-03-01T11:58:00.000Z';
const columns = [
  { name: 'Id', type: 'id' },
  { name: 'Name', type: 'string' },
  { name: 'Email', type: 'email' },
  { name: 'HasOptedOutOfEmail', type: 'boolean' },
  { name: 'Score__c', type: 'double' },
];
const rows: ContactRow[] = [
  ['003A', 'Ada\nLove\u001b[31mlace', 'ada@acme.com', 1, 1.5],
  ['003B', '李, "x"', null, 0, null],
];
const objects = [
  {
    Id: '003A',
    Name: 'Ada\nLove\u001b[31mlace',
    Email: 'ada@acme.com',
    HasOptedOutOfEmail: true,
    Score__c: 1.5,
  },
  { Id: '003B', Name: '李, "x"', Email: null, HasOptedOutOfEmail: false, Score__c: null },
];
const page = contactPage({ instanceUrl, columns, rows, total: 7, coveredUntil });

describe('list and search', () => {
  test('their options', async () => {
    const { app, calls } = fakeApp({ contacts: { list: async () => page, search: async () => page } });
    await runMain(['contacts', 'list', '--limit', '2', '--deleted', '--org', 'prod'], { app });
    await runMain(['contacts', 'search', 'ada'], { app });
    expect(calls).toEqual([
      { method: 'contacts.list', options: { org: 'prod', limit: 2, deleted: true } },
      { method: 'contacts.search', options: { org: null, text: 'ada', limit: 50 } },
    ]);
  });

  test('what is chosen, in which order', async () => {
    const { app, calls } = fakeApp({ contacts: { list: async () => page } });
    const chosen = [
      '--where',
      "Name = 'x'",
      '--fields',
      'Name,Email',
      '--fields',
      'Id',
      '--sort',
      'Name:desc',
      '--offset',
      '3',
    ];
    const { stdout } = await runMain(['contacts', 'list', ...chosen], { app });
    expect(calls[0]?.options).toEqual({
      org: null,
      limit: 50,
      deleted: false,
      where: "Name = 'x'",
      fields: ['Name', 'Email', 'Id'],
      sort: { field: 'Name', descending: true },
      offset: 3,
    });
    expect(stdout).toContain('SCORE__C');
    for (const wrong of [
      ['--sort', 'a b'],
      ['--sort', 'Name:up'],
      ['--fields', ','],
      ['--offset', '-1'],
    ]) {
      expect((await runMain(['contacts', 'list', ...wrong], { app })).code).toBe(2);
    }
  });

  test('JSON has booleans as such and says how many there are', async () => {
    const { app } = fakeApp({ contacts: { list: async () => page } });
    const { stdout } = await runMain(['contacts', 'list', '--json'], { app });
    expect(json(stdout)).toEqual({ instanceUrl, total: 7, coveredUntil, contacts: objects });
  });

  test('a table of one line each; a name can neither break it nor colour the terminal', async () => {
    const { app } = fakeApp({ contacts: { list: async () => page } });
    const { stdout, stderr } = await runMain(['contacts', 'list'], { app });
    expect(stdout).toBe(
      ['ID    NAME          EMAIL', '003A  Ada Lovelace  ada@acme.com', '003B  李, "x"', ''].join('\n'),
    );
    expect(stderr).toBe(`2 of 7 contacts of acme.my.salesforce.com, as of 2m ago.\n`);
  });
});

test('a contact whose name Salesforce has not told yet is listed by its own first and last name', async () => {
  const named = ['Id', 'Name', 'FirstName', 'LastName', 'Email'].map((name) => ({ name, type: 'string' }));
  const listed = contactPage({
    instanceUrl,
    columns: named,
    rows: [
      ['003A', 'Dr. Ada Lovelace', 'Ada', 'Lovelace', 'ada@acme.com'],
      // Made here, and not yet in Salesforce.
      [null, null, 'Bo', 'Ng', 'bo@acme.com'],
      [null, null, null, 'Solo', null],
      // Edited here: Name is as Salesforce had it.
      ['003B', 'Cy Old', 'Cy', 'New', null],
    ],
    total: 4,
    coveredUntil,
  });
  const { app } = fakeApp({ contacts: { list: async () => listed, search: async () => listed } });
  for (const verb of [['list'], ['search', 'o']]) {
    const { stdout } = await runMain(['contacts', ...verb], { app });
    expect(stdout.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, '|'))).toEqual([
      'ID|NAME|EMAIL',
      '003A|Dr. Ada Lovelace|ada@acme.com',
      'Bo Ng|bo@acme.com',
      'Solo',
      '003B|Cy New',
      '',
    ]);
  }
});

test('show', async () => {
  const view = {
    instanceUrl,
    columns,
    row: rows[0]!,
    key: 'k',
    state: 'synced',
    error: null,
    gone: null,
    readAt: coveredUntil,
    coveredUntil,
  };
  const { app } = fakeApp({ contacts: { show: async () => view } });
  const { stdout } = await runMain(['contacts', 'show', '003A', '--json'], { app });
  expect(json(stdout)).toMatchObject({
    instanceUrl,
    contact: objects[0],
    key: 'k',
    state: 'synced',
    error: null,
    gone: null,
  });
  expect((await runMain(['contacts', 'show', '003A'], { app })).stdout).toContain('HasOptedOutOfEmail  true');
});

describe('export', () => {
  const exporting = (batches: ContactRow[][]) =>
    fakeApp({
      contacts: {
        export: async () => ({
          instanceUrl,
          columns,
          batches: (async function* () {
            yield* batches;
          })(),
        }),
      },
    }).app;
  const csv =
    'Id,Name,Email,HasOptedOutOfEmail,Score__c\n003A,"Ada\nLove\u001b[31mlace",ada@acme.com,true,1.5\n003B,"李, ""x""",,false,\n';

  test('csv on stdout', async () => {
    expect((await runMain(['contacts', 'export'], { app: exporting([[rows[0]!], [rows[1]!]]) })).stdout).toBe(
      csv,
    );
  });

  test.each([[['--json']], [['--format', 'json']]])('%j is one JSON array', async (flags) => {
    const { stdout } = await runMain(['contacts', 'export', ...flags], {
      app: exporting([[rows[0]!], [], [rows[1]!]]),
    });
    expect(JSON.parse(stdout)).toEqual(objects);
    expect(
      JSON.parse((await runMain(['contacts', 'export', ...flags], { app: exporting([]) })).stdout),
    ).toEqual([]);
  });

  test('ndjson is one object a line', async () => {
    const { stdout } = await runMain(['contacts', 'export', '--format', 'ndjson', '--json'], {
      app: exporting([rows]),
    });
    expect(stdout.trimEnd().split('\n').map(json)).toEqual(objects);
  });

  test('--json with csv on stdout is refused', async () => {
    const { code } = await runMain(['contacts', 'export', '--json', '--format', 'csv'], {
      app: exporting([rows]),
    });
    expect(code).toBe(2);
  });

  test('a file takes its name when it is complete, for its owner only', async () => {
    const { stdout } = await runMain(['contacts', 'export', '--output', 'c.csv', '--json'], {
      app: exporting([rows]),
      cwd,
    });
    expect(json(stdout)).toEqual({ instanceUrl, format: 'csv', output: 'c.csv', contacts: 2 });
    expect(readFileSync(join(cwd, 'c.csv'), 'utf8')).toBe(csv);
    expect(statSync(join(cwd, 'c.csv')).mode & 0o777).toBe(0o600);
    expect(readdirSync(cwd)).toEqual(['c.csv']);
  });

  test('a failure in the middle leaves no file', async () => {
    const { app } = fakeApp({
      contacts: {
        export: async () => ({
          instanceUrl,
          columns,
          batches: (async function* () {
            yield rows;
            throw new Error('The disk is gone.');
          })(),
        }),
      },
    });
    const { code } = await runMain(['contacts', 'export', '--output', 'c.csv'], { app, cwd });
    expect(code).toBe(1);
    expect(readdirSync(cwd)).toEqual([]);
  });
});
