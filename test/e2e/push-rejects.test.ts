import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { contactsOf, control } from './org.ts';

interface Document {
  results: { key: string; status: string; id: string | null }[];
  resumedFrom: string | null;
  replaced: number;
  created: number;
  updated: number;
  rejected: number;
  error?: {
    code: string;
    hint: string;
    message: string;
    details: { faults?: { line: number; field: string; message: string }[] };
  };
}

let emulator: Emulator;
let cli: Cli;

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 3 });
  cli = new Cli();
  await cli.loginByToken(emulator);
  await refuse(true);
});

afterEach(async () => {
  cli[Symbol.dispose]();
  await emulator.close();
});

const rules = [{ name: 'Title', condition: "Title LIKE 'Refused%'", message: 'No such title.' }];

async function refuse(on: boolean): Promise<void> {
  await control(emulator.url, 'settings', { validationRules: on ? rules : [] });
}

async function push(
  args: string[],
  input?: string,
): Promise<Document & { code: number | null; stderr: string }> {
  const { code, stdout, stderr } = await cli.run(['push', ...args, '--json'], { input });
  return { code, stderr, ...JSON.parse(stdout) };
}

const named = async (name: string) =>
  (await contactsOf(emulator.url)).filter(({ LastName }) => LastName === name).length;

/** Refused with its rejects file written, whose records are mended then. */
async function refused(
  file: string,
  records: object[] = [{ LastName: 'Once', Title: 'Refused' }],
): Promise<void> {
  const first = await push(['-', '--rejects', file], JSON.stringify(records));
  expect(first).toMatchObject({ code: 4 });
  const path = join(cli.folder, file);
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('Refused', 'Mended'));
}

describe.each(['r.csv', 'r.ndjson'])('a mended rejects file (%s)', (file) => {
  it('takes the place of what was refused, so that a retry of all makes nothing twice', async () => {
    await refused(file);
    expect(await push([file])).toMatchObject({ code: 0, replaced: 1 });
    await cli.run(['outbox', 'retry', '--all']);
    await refuse(false);
    await cli.json(['backfill']);
    await cli.run(['watch', '--once']);
    expect(await named('Once')).toBe(1);
  });
});

it('what was mended is told as what it became, when the first records are pushed again', async () => {
  const [known] = await contactsOf(emulator.url);
  const input = JSON.stringify([
    { Id: known!.Id, Title: 'Fine' },
    { LastName: 'Once', Title: 'Refused' },
    { LastName: 'Never', Title: 'Refused' },
  ]);
  await control(emulator.url, 'faults', [{ match: 'PATCH .*', times: 1_000, status: 429 }]);
  const first = ['-', '--allow-mixed', '--rejects', 'r.ndjson'];
  expect(await push(first, input)).toMatchObject({ code: 5, rejected: 2 });
  await control(emulator.url, 'faults', []);
  const path = join(cli.folder, 'r.ndjson');
  const [mended] = readFileSync(path, 'utf8').split('\n');
  writeFileSync(join(cli.folder, 'mended.ndjson'), mended!.replaceAll('Refused', 'Mended'));
  expect(await push(['mended.ndjson'])).toMatchObject({ code: 0, replaced: 1 });
  const again = await push(first, input);
  expect(again).toMatchObject({ code: 4, updated: 1, created: 1, rejected: 1 });
  expect(again.results.map(({ status }) => status)).toEqual(['updated', 'created', 'rejected']);
  expect(again.error).toMatchObject({ message: '1 of 3 records was not accepted.', details: { refused: 1 } });
  expect(
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).LastName),
  ).toEqual(['Never']);
  expect(await named('Once')).toBe(1);
});

it.each(['r.csv', 'r.ndjson'])('the same map reads a rejects file (%s) as what was refused', async (file) => {
  // As Outlook names them: the field Title is no header's own.
  const input = 'Title,Job Title,LastName\nDr.,Refused,Once\n';
  const maps = ['--map', 'Title=Salutation', '--map', 'Job Title=Title'];
  expect(await push(['-', ...maps, '--rejects', file], input)).toMatchObject({ code: 4 });
  await refuse(false);
  expect(await push([file, ...maps])).toMatchObject({ code: 0 });
  const [once] = (await contactsOf(emulator.url)).filter(({ LastName }) => LastName === 'Once');
  expect(once).toMatchObject({ Salutation: 'Dr.', Title: 'Refused' });
});

it('a text that CSV cannot hold is told, and the file is refused until somebody has looked', async () => {
  const [known] = await contactsOf(emulator.url);
  const record = { Id: known!.Id, Title: 'Refused', Department: '#N/A' };
  const first = await push(['-', '--rejects', 'r.csv'], JSON.stringify([record]));
  expect(first).toMatchObject({ code: 4 });
  expect(first.stderr).toMatch(/line 1.*Department/);
  await refuse(false);
  expect(await push(['r.csv'])).toMatchObject({
    code: 2,
    error: { details: { faults: [{ line: 2, field: 'Department' }] } },
  });
  const after = (await contactsOf(emulator.url)).find(({ Id }) => Id === known!.Id);
  expect(after!.Department).toBe(known!.Department);
});

describe('the same records queued', () => {
  const input = JSON.stringify([{ LastName: 'Once' }, { LastName: 'Once' }]);

  it.each([['queued again', '--queue'], ['pushed']])(
    'and %s while they wait are the same push',
    async (_, ...flags) => {
      const first = await push(['-', '--queue'], input);
      const second = await push(['-', ...flags], input);
      expect(second.code).toBe(0);
      expect(second.resumedFrom).not.toBeNull();
      expect(second.results.map(({ key }) => key)).toEqual(first.results.map(({ key }) => key));
      await cli.json(['backfill']);
      await cli.run(['watch', '--once']);
      expect(await named('Once')).toBe(2);
    },
  );
});
