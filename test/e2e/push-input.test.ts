import { type ChildProcess, execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli, ended } from './cli.ts';
import { contactsOf } from './org.ts';

let emulator: Emulator;
let cli: Cli;

beforeAll(async () => {
  emulator = await startEmulator({ contacts: 5 });
});
afterAll(() => emulator.close());
beforeEach(async () => {
  cli = new Cli();
  await cli.loginByToken(emulator);
});
afterEach(() => cli[Symbol.dispose]());

describe('a push that waits for its input', () => {
  const outbox = async () => (await cli.json<{ entries: unknown[] }>(['outbox', 'list'])).entries;

  it('ends at once by Ctrl-C with exit 130, and nothing of it is stored or sent', async () => {
    const before = (await contactsOf(emulator.url)).length;
    // No other end comes in time: the input stays open, and what is under way could take ten minutes to stop.
    const child = cli.start(['push', '-', '--stop-timeout', '10m']);
    const end = ended(child);
    // More than a pipe holds: when all of it is written, the program is reading.
    await new Promise((resolve) => child.stdin?.write(`LastName\n${'Half\n'.repeat(50_000)}`, resolve));
    child.kill('SIGINT');
    expect(await end).toMatchObject({ code: 130, stdout: '' });
    expect(await outbox()).toEqual([]);
    expect((await contactsOf(emulator.url)).length).toBe(before);
  });

  it.skipIf(process.platform === 'win32')(
    'a pipe that nobody writes into does not hold the process',
    async () => {
      const fifo = join(cli.folder, 'fifo');
      execFileSync('mkfifo', [fifo]);
      const child = cli.start(['push', 'fifo']);
      const end = ended(child);
      await untilOpened(child, fifo);
      child.kill('SIGINT');
      expect((await end).code).toBe(130);
    },
  );
});

/** Until the process holds the file open, where the system tells that; elsewhere a second. */
async function untilOpened({ pid }: ChildProcess, path: string): Promise<void> {
  if (process.platform !== 'linux') return sleep(1_000);
  const folder = `/proc/${pid}/fd`;
  const isHeld = (fd: string) => {
    try {
      return readlinkSync(join(folder, fd)) === path;
    } catch {
      // Closed since it was listed.
      return false;
    }
  };
  while (!readdirSync(folder).some(isHeld)) await sleep(20);
}

it('a fault far down a file of many records ends the push before anything is stored', async () => {
  const before = (await contactsOf(emulator.url)).length;
  const file = join(cli.folder, 'late.csv');
  writeFileSync(file, `LastName,Email\r\n${'Fine,\r\n'.repeat(5_000)}"Open,\r\nNext,\r\n`);
  const { code, stdout } = await cli.run(['push', file, '--json']);
  expect(code).toBe(2);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'INVALID_INPUT',
    message: `${file}, line 5002, column 1: the quote that opens here is never closed.`,
    details: { line: 5_002 },
  });
  expect((await cli.json<{ entries: unknown[] }>(['outbox', 'list'])).entries).toEqual([]);
  expect((await contactsOf(emulator.url)).length).toBe(before);
});

describe('exports of other programs become contacts, by the maps of the documentation', () => {
  const exported = (name: string) => new URL(`../cli/input/exports/${name}`, import.meta.url).pathname;

  it.each([
    [
      'google',
      'zoe@brightwater.example',
      { LastName: 'Łukasiewicz', Birthdate: '1984-02-29', MailingCity: 'Warszawa' },
    ],
    [
      'outlook',
      'joerg.weiss@kranbau.example',
      { LastName: 'Weiß', Salutation: 'Dr.', Title: 'Leiter Einkauf' },
    ],
    ['hubspot', 'priya@lumen.example', { LastName: 'Raghavan', Title: 'VP, Operations', MailingState: 'WA' }],
  ])('%s', async (name, email, fields) => {
    copyFileSync(exported(`${name}.csv`), join(cli.folder, 'export.csv'));
    copyFileSync(exported(`${name}.map`), join(cli.folder, `${name}.map`));
    const pushed = await cli.json(['push', 'export.csv', '--map', `${name}.map`, '--ignore-unknown']);
    expect(pushed).toMatchObject({ created: 2, rejected: 0 });
    const contacts = await contactsOf(emulator.url);
    expect(contacts.find(({ Email }) => Email === email)).toMatchObject(fields);
  });
});

describe('a first line without a line below it', () => {
  it.each([
    ['Internal Server Error', []],
    ['Unauthorized', []],
    ['"just a string"', []],
    ['{"LastName":"Ng"}', ['--format', 'csv']],
    ['error,message', ['--ignore-unknown']],
    ['Internal Server Error', ['--queue', '--dry-run']],
  ])('that names no field is refused: %s %j', async (line, flags) => {
    const { code, stderr } = await cli.run(['push', ...flags], { input: `${line}\n` });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(
        /^Error: -, line 1: Contact has no field .*, and there is no record below that line\.\nHint: Nothing was sent\. .*FirstName,LastName,Email/s,
      ),
    });
  });

  it.each([
    ['LastName,Email', []],
    ['lastname', []],
    ['Who,Email', []],
    ['Account.Name', []],
    ['Surname', ['--map', 'Surname=LastName']],
    ['_entry', []],
  ])('that is a header is nothing to push: %s %j', async (line, flags) => {
    const { code, stdout, stderr } = await cli.run(['push', ...flags], { input: `${line}\n` });
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: expect.stringContaining('nothing to push'),
      stderr: expect.stringContaining('there is a header and no record below it'),
    });
  });

  it('ends a push of other files too, before anything is stored', async () => {
    const before = (await contactsOf(emulator.url)).length;
    writeFileSync(join(cli.folder, 'good.csv'), 'LastName\nNg\n');
    writeFileSync(join(cli.folder, 'bad.csv'), 'Bad Gateway\n');
    const { code, stderr } = await cli.run(['push', 'good.csv', 'bad.csv']);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('bad.csv, line 1') });
    expect((await contactsOf(emulator.url)).length).toBe(before);
  });
});
