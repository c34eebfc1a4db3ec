import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/main.ts';
import { captureStream } from '../cli/support/captured-stream.ts';
import { Cli, ended } from '../e2e/cli.ts';
import { described } from './fake-contacts.ts';
import { FakeOrg } from './fake-org.ts';

const measured = new URL('./measured-child.mjs', import.meta.url).href;
const nasty =
  'x\u001b[2J\u001b]0;owned\u0007\u009b31m\u202etxt\u2066y\u2069\u200f\r\nFORGED one\u2028FORGED two\u0085FORGED three\u007f';
const values = [
  nasty,
  'a\u0000b',
  `'; DROP TABLE contact; --`,
  '=HYPERLINK("https://evil.example","x")',
  '@SUM(1+1),"quoted"',
  '\ufeffmark',
  `${'長'.repeat(60_000)}${nasty}`,
  '\u0301'.repeat(60_000),
];
/** Field names that mean something to JavaScript, to SQL or to JSON. */
const strange = ['constructor', 'toString', 'hasOwnProperty', 'toJSON', 'select', 'then', 'x'.repeat(120)];
const username = `user@fake.example\u202e\u200fmoc`;
const message = `Refused ${nasty}`;

let org: FakeOrg;
let cli: Cli;

beforeAll(async () => {
  org = await FakeOrg.start();
  cli = new Cli();
  const fields = [
    ...described.map((field) => ({ ...field, label: nasty })),
    ...strange.map((name) => ({ name, label: nasty, type: 'string', length: 255, nillable: true })),
  ];
  org.hostility = (route, healthy) => {
    if (route === 'describe')
      return { ...healthy, body: Buffer.from(JSON.stringify({ name: nasty, fields })) };
    if (route !== 'userinfo') return null;
    const identity = JSON.parse(healthy.body.toString()) as object;
    return { ...healthy, body: Buffer.from(JSON.stringify({ ...identity, preferred_username: username })) };
  };
  const filled = Object.fromEntries(strange.map((name) => [name, nasty]));
  for (const value of values) {
    const more = { FirstName: value, Email: value, Level__c: value, ExtId__c: value, ...filled };
    org.contacts.create({ LastName: value, ...more }, org.now() - 86_400_000);
  }
  await cli.loginByToken(org);
  await cli.json(['backfill', '--api', 'rest']);
  await cli.json(['backfill', '--api', 'rest', '--fresh']);
  const fill = org.hostility;
  const errors = [{ errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message, fields: [nasty] }];
  org.hostility = (route, healthy, request) =>
    route === 'createOne'
      ? { ...healthy, status: 400, body: Buffer.from(JSON.stringify(errors)) }
      : fill(route, healthy, request);
  await cli.run(['push', '-'], { input: JSON.stringify({ LastName: nasty }) });
  org.hostility = (route, healthy, request) =>
    route === 'updated'
      ? {
          ...healthy,
          status: 400,
          body: Buffer.from(JSON.stringify([{ errorCode: 'INVALID_FIELD', message }])),
        }
      : fill(route, healthy, request);
  await cli.run(['watch', '--once', '--no-push']);
});

afterAll(async () => {
  cli[Symbol.dispose]();
  await org[Symbol.asyncDispose]();
});

async function run(args: readonly string[]) {
  const file = join(cli.folder, 'measured');
  const child = cli.start(args, { env: { MEASURED_FILE: file, NODE_OPTIONS: `--import=${measured}` } });
  child.stdin?.end();
  const started = performance.now();
  const ran = await ended(child);
  const seconds = (performance.now() - started) / 1_000;
  return { ...ran, seconds, megabytes: Number(readFileSync(file, 'utf8')) / 1_024 };
}

async function idOf(kind: 'runs' | 'entries', args: string[]): Promise<string> {
  const rows = (await cli.json<Record<string, Record<string, string>[]>>(args))[kind] ?? [];
  const found = rows.find((row) => kind === 'entries' || row.status === 'failed') ?? {};
  return String(found.id ?? found.key);
}

/** Each with what shows that the hostile text is among what it reads. */
const commands: Record<string, { args: () => Promise<string[]> | string[]; says: RegExp }> = {
  status: { args: () => ['status'], says: /Refused/ },
  orgs: { args: () => ['orgs'], says: /user@fake\.example/ },
  'contacts list': { args: () => ['contacts', 'list'], says: /DROP TABLE/ },
  'contacts list of strange fields': {
    args: () => ['contacts', 'list', '--fields', ['Id', ...strange].join()],
    says: /FORGED/,
  },
  'contacts list, sorted and chosen': {
    args: () => ['contacts', 'list', '--sort', 'select:desc', '--where', '"constructor" IS NOT NULL'],
    says: /DROP TABLE/,
  },
  'contacts search': { args: () => ['contacts', 'search', 'DROP TABLE'], says: /DROP TABLE/ },
  'contacts show': { args: () => ['contacts', 'show', '003000000000001AAA'], says: /FORGED/ },
  'contacts show of a huge one': { args: () => ['contacts', 'show', '003000000000007AAA'], says: /FORGED/ },
  'runs list': { args: () => ['runs'], says: /Refused/ },
  'runs show': { args: async () => ['runs', 'show', await idOf('runs', ['runs'])], says: /Refused/ },
  'outbox list': { args: () => ['outbox', 'list'], says: /Refused/ },
  'outbox show': {
    args: async () => ['outbox', 'show', await idOf('entries', ['outbox', 'list'])],
    says: /Refused/,
  },
  'archives list': { args: () => ['archives', 'list'], says: /archived\.db/ },
  doctor: { args: () => ['doctor'], says: /user@fake\.example|127\.0\.0\.1/ },
};

const unsafe = /[^\P{Cc}\n]|[\u061c\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the colours of this program.
const own = /\u001b\[(?:1|2|22|31|32|33|36|39)m/g;
const wrong = /^\W*FORGED|UNEXPECTED_ERROR|SQLITE|at \S+ \(file:/m;
const bounds = { seconds: 30, megabytes: 300 };

/** What of `text` matches, short: a diff of texts as long as these takes minutes. */
function matched(pattern: RegExp, text: string): string | undefined {
  const found = pattern.exec(text);
  return found === null ? undefined : `${JSON.stringify(found[0])} at ${found.index}`;
}

/** A text in few words, another for each. */
function brief(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= 200) return text;
  return `${text.length} characters, ${createHash('sha256').update(text).digest('hex')}`;
}

describe.each(Object.entries(commands))(
  '%s over a mirror that a hostile org filled',
  (_name, { args, says }) => {
    it('says it in text that acts upon nothing', async () => {
      const { code, stdout, stderr, seconds, megabytes } = await run(await args());
      expect({ code, stderr: code === 0 ? '' : brief(stderr) }).toEqual({ code: 0, stderr: '' });
      expect(says.test(stdout)).toBe(true);
      expect(matched(unsafe, stdout + stderr)).toBeUndefined();
      expect(matched(wrong, `${stdout}\n${stderr}`)).toBeUndefined();
      expect(seconds).toBeLessThan(bounds.seconds);
      expect(megabytes).toBeLessThan(bounds.megabytes);
    });

    it('sends a terminal nothing but its own colours', async () => {
      const columns = 100;
      const stdout = captureStream({ isTTY: true, columns });
      const stderr = captureStream({ isTTY: true, columns });
      const argv = await args();
      const started = performance.now();
      expect(await main(argv, { stdout, stderr, env: cli.env, cwd: cli.folder })).toBe(0);
      expect(performance.now() - started).toBeLessThan(bounds.seconds * 1_000);
      const written = `${stdout.text}\n${stderr.text}`;
      const shown = written.replace(own, '');
      expect(shown.length).toBeLessThan(written.length);
      expect(matched(unsafe, shown)).toBeUndefined();
      expect(matched(wrong, shown)).toBeUndefined();
    });

    it('gives it as one JSON document', async () => {
      const { code, stdout, stderr, megabytes } = await run([...(await args()), '--json']);
      expect({ code, stderr: brief(stderr) }).toEqual({ code: 0, stderr: '' });
      expect(matched(unsafe, stdout)).toBeUndefined();
      expect((JSON.parse(stdout) as { error?: unknown }).error ?? null).toBeNull();
      expect(megabytes).toBeLessThan(bounds.megabytes);
    });
  },
);

/** RFC 4180, read by a way of its own: the records with their cells. */
function cellsOf(csv: string): string[][] {
  const records: string[][] = [[]];
  for (const [, quoted, bare, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n][^,\r\n]*)?)(,|\n|$)/g)) {
    if (end === '' && quoted === undefined && bare === undefined) break;
    records.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
    if (end === '\n') records.push([]);
  }
  return records.filter((record) => record.length > 0);
}

describe('an export of it', () => {
  it('has as many cells in each line of CSV as it has columns, and each value exactly', async () => {
    const { code, stdout, megabytes } = await run(['contacts', 'export']);
    const [header = [], ...rows] = cellsOf(stdout);
    expect(code).toBe(0);
    expect(header).toEqual(expect.arrayContaining(strange));
    expect(rows.map((row) => row.length)).toEqual(values.map(() => header.length));
    expect(rows.map((row) => brief(row[header.indexOf('LastName')]))).toEqual(values.map(brief));
    for (const name of strange) expect(rows[0]?.[header.indexOf(name)]).toBe(nasty);
    expect(megabytes).toBeLessThan(bounds.megabytes);
  });

  it('holds no formula where it is to be safe for a spreadsheet', async () => {
    const { stdout } = await run(['contacts', 'export', '--excel-safe']);
    const cells = cellsOf(stdout).flat();
    expect(cells.some((cell) => cell.startsWith(`'=HYPERLINK`))).toBe(true);
    expect(cells.filter((cell) => /^\s*[=+\-@]/.test(cell)).map(brief)).toEqual([]);
  });

  it.each(['json', 'ndjson'])('parses as %s, in a file too', async (format) => {
    const file = join(cli.folder, `contacts.${format}`);
    const { stdout } = await run(['contacts', 'export', '--format', format]);
    expect((await run(['contacts', 'export', '--output', file])).code).toBe(0);
    expect(brief(readFileSync(file, 'utf8'))).toBe(brief(stdout));
    const texts = format === 'json' ? [stdout] : stdout.trimEnd().split('\n');
    const contacts = texts.flatMap((text) => JSON.parse(text) as Record<string, string>[]);
    expect(contacts.map(({ LastName }) => brief(LastName))).toEqual(values.map(brief));
    expect(Object.keys(contacts[0] ?? {})).toEqual(expect.arrayContaining(strange));
    expect(matched(unsafe, stdout)).toBeUndefined();
  });
});
