import { once } from 'node:events';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli, ended } from './cli.ts';
import { contactsOf, control } from './org.ts';

interface Document {
  results: { key: string; status: string; id: string | null }[];
  resumedFrom: string | null;
  overtaken: number;
  rejected: number;
  dropped: number;
  error?: { code: string; message: string; hint: string; details: object };
}

let emulator: Emulator;
let cli: Cli;

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 3 });
  cli = new Cli();
  await cli.loginByToken(emulator);
});

afterEach(async () => {
  cli[Symbol.dispose]();
  await emulator.close();
});

async function push(records: object[], ...flags: string[]): Promise<Document & { code: number | null }> {
  const { code, stdout } = await cli.run(['push', '-', '--json', ...flags], {
    input: JSON.stringify(records),
  });
  return { code, ...JSON.parse(stdout) };
}

const named = async (name: string) =>
  (await contactsOf(emulator.url)).filter(({ LastName }) => LastName === name).length;
const few = [{ LastName: 'Again' }, { LastName: 'Again', FirstName: 'Other' }];
const many = Array.from({ length: 30 }, () => ({ LastName: 'Again' }));
/** Refused, so that nobody need be in doubt. */
const out = { match: 'POST .*/(ui-api/records|composite/sobjects)', times: 1_000, status: 429 };

describe('the same input pushed again', () => {
  it.each([
    { what: 'a few records', records: few },
    { what: 'many equal records', records: many },
  ])('after an org out of reach is the same push: $what', async ({ records }) => {
    await control(emulator.url, 'faults', [out]);
    const first = await push(records);
    expect(first).toMatchObject({ code: 5, resumedFrom: null });
    await control(emulator.url, 'faults', []);
    const second = await push(records);
    expect(second).toMatchObject({ code: 0, resumedFrom: expect.stringMatching(/Z$/) });
    expect(second.results.map(({ key }) => key)).toEqual(first.results.map(({ key }) => key));
    expect(new Set(second.results.map(({ id }) => id)).size).toBe(records.length);
    expect(await named('Again')).toBe(records.length);
  });

  it('after another process has sent the rest of it tells what became of it', async () => {
    await control(emulator.url, 'faults', [out]);
    expect((await push(few)).code).toBe(5);
    await control(emulator.url, 'faults', []);
    await cli.json(['backfill']);
    await cli.run(['watch', '--once']);
    expect(await named('Again')).toBe(2);
    const again = await push(few);
    expect(again).toMatchObject({ code: 0, results: [{ status: 'created' }, { status: 'created' }] });
    expect(await named('Again')).toBe(2);
  });

  it('after a person has given up what was in doubt tells so, and leaves it out of the rejects file', async () => {
    const lost = { match: 'POST .*/composite/sobjects$', times: 9, reset: 'after-commit' };
    await control(emulator.url, 'faults', [lost]);
    const first = await push(many);
    expect(first.code).toBe(5);
    await control(emulator.url, 'faults', []);
    await cli.run(['outbox', 'drop', ...first.results.map(({ key }) => key)]);
    const rejects = join(cli.folder, 'rejects.ndjson');
    const again = await push(many, '--rejects', rejects);
    expect(again).toMatchObject({ code: 4, rejected: 0, dropped: 30, error: { code: 'PARTIAL' } });
    expect(new Set(again.results.map(({ status }) => status))).toEqual(new Set(['dropped']));
    expect(again.error?.hint).toContain('look in Salesforce');
    expect(existsSync(rejects) ? readFileSync(rejects, 'utf8') : '').toBe('');
    expect(await named('Again')).toBe(30);
  });

  it('after it has been told the end is a new push', async () => {
    expect((await push(few)).code).toBe(0);
    expect(await push(few)).toMatchObject({ code: 0, resumedFrom: null });
    expect(await named('Again')).toBe(4);
  });

  it.skipIf(!existsSync('/dev/full')).each([['with --json', '--json'], ['as text']])(
    'after its results could not be written (%s) tells them, and sends nothing twice',
    async (_, ...flags) => {
      const file = join(cli.folder, 'contacts.json');
      writeFileSync(file, JSON.stringify(few));
      const child = cli.start(['push', file, ...flags], { stdout: openSync('/dev/full', 'w') });
      const { code, stderr } = await ended(child);
      expect(code).toBe(1);
      expect(stderr).toMatch(/no room left where it goes/);
      expect(stderr).not.toMatch(/triggerUncaughtException|^ +at /m);
      expect(await named('Again')).toBe(2);
      const again = await push(few);
      expect(again).toMatchObject({ code: 0, results: [{ status: 'created' }, { status: 'created' }] });
      expect(again.resumedFrom).not.toBeNull();
      expect(await named('Again')).toBe(2);
    },
  );

  it('after its results came to no disk tells them, and sends nothing twice', async () => {
    const file = join(cli.folder, 'contacts.json');
    writeFileSync(file, JSON.stringify(few));
    const result = join(cli.folder, 'result.json');
    // A file takes what is written at once; whether its disk has it is known when that is asked for.
    const child = cli.start(['push', file, '--json'], {
      stdout: openSync(result, 'w'),
      env: { NODE_OPTIONS: `--import=${new URL('failing-disk.mjs', import.meta.url)}` },
    });
    expect(await ended(child)).toMatchObject({ code: 1, stderr: expect.stringMatching(/EIO/) });
    expect(JSON.parse(readFileSync(result, 'utf8')).results).toHaveLength(2);
    const again = await push(few);
    expect(again).toMatchObject({ code: 0, results: [{ status: 'created' }, { status: 'created' }] });
    expect(again.resumedFrom).not.toBeNull();
    expect(await named('Again')).toBe(2);
  });

  it.skipIf(!existsSync('/dev/full'))(
    'after nobody was told its end, and another push came behind it, leaves the later value and says so',
    async () => {
      const [known] = await contactsOf(emulator.url);
      const department = async () =>
        (await contactsOf(emulator.url)).find(({ Id }) => Id === known!.Id)!.Department;
      const file = join(cli.folder, 'ours.json');
      writeFileSync(file, JSON.stringify([{ Id: known!.Id, Department: 'Ours' }]));
      const child = cli.start(['push', file, '--json'], { stdout: openSync('/dev/full', 'w') });
      expect((await ended(child)).code).toBe(1);
      expect(await push([{ Id: known!.Id, Department: 'Later' }])).toMatchObject({ code: 0, overtaken: 0 });
      const planned = await cli.run(['push', file, '--dry-run', '--json']);
      expect(JSON.parse(planned.stdout)).toMatchObject({ overtaken: 1 });
      const { code, stderr } = await cli.run(['push', file]);
      expect(code).toBe(0);
      expect(stderr).toMatch(/1 change of that push is of a contact that later .* stays: .*--fresh/);
      expect(await department()).toBe('Later');
      expect((await cli.run(['push', file, '--fresh'])).code).toBe(0);
      expect(await department()).toBe('Ours');
    },
  );

  it('stays in doubt where it was in doubt, and is sent no second time', async () => {
    const lost = { match: 'POST .*/composite/sobjects', times: 1_000, reset: 'after-commit' };
    await control(emulator.url, 'faults', [lost]);
    expect(await push(many)).toMatchObject({ code: 5, error: { code: 'IN_DOUBT' } });
    await control(emulator.url, 'faults', []);
    expect(await push(many)).toMatchObject({ code: 5, error: { code: 'IN_DOUBT' } });
    expect(await named('Again')).toBe(30);
  });

  it('with another flag is refused while something of it waits or is in doubt', async () => {
    expect((await push(few, '--queue', '--allow-duplicates')).code).toBe(0);
    for (const flags of [['--dry-run'], ['--queue'], []]) {
      expect(await push(few, ...flags)).toMatchObject({
        code: 2,
        error: {
          code: 'INVALID_INPUT',
          message: expect.stringMatching(
            / with --allow-duplicates, and 2 of them .* without --allow-duplicates/,
          ),
          hint: expect.stringMatching(/outbox drop/),
          details: { flags: ['--allow-duplicates'], waiting: 2, inDoubt: 0 },
        },
      });
    }
    expect(await named('Again')).toBe(0);
    expect(await push(few, '--allow-duplicates')).toMatchObject({ code: 0 });
    expect(await named('Again')).toBe(2);

    const lost = { match: 'POST .*/composite/sobjects', times: 1_000, reset: 'after-commit' };
    await control(emulator.url, 'faults', [lost]);
    expect((await push(many)).code).toBe(5);
    await control(emulator.url, 'faults', []);
    expect(await push(many, '--allow-duplicates', '--all-or-none')).toMatchObject({
      code: 2,
      error: {
        hint: expect.stringMatching(/without --allow-duplicates and without --all-or-none.*outbox settle/),
        details: { flags: ['--allow-duplicates', '--all-or-none'], waiting: 30, inDoubt: 30 },
      },
    });
    expect(await named('Again')).toBe(32);
  });

  it('behind a retry of what was refused is the same push, and refused with another flag', async () => {
    await control(emulator.url, 'settings', {
      validationRules: [{ name: 'Not', condition: "FirstName = 'Other'", message: 'Not now.' }],
    });
    const first = await push(few);
    expect(first).toMatchObject({ code: 4, results: [{ status: 'created' }, { status: 'rejected' }] });
    await control(emulator.url, 'settings', { validationRules: [] });
    expect((await cli.run(['outbox', 'retry', first.results[1]!.key])).code).toBe(0);
    expect(await push(few, '--allow-duplicates')).toMatchObject({
      code: 2,
      error: { code: 'INVALID_INPUT', details: { flags: ['--allow-duplicates'], waiting: 1, inDoubt: 0 } },
    });
    const again = await push(few);
    expect(again).toMatchObject({ code: 0, results: [{ status: 'created' }, { status: 'created' }] });
    expect(again.results.map(({ key }) => key)).toEqual(first.results.map(({ key }) => key));
    expect(await named('Again')).toBe(2);
    expect(await push(few)).toMatchObject({ code: 0, resumedFrom: null });
    expect(await named('Again')).toBe(4);
  });

  it('while a change of it waits for a person to decide is the same push, and makes no second contact', async () => {
    const [known] = await contactsOf(emulator.url);
    const mixed = [{ LastName: 'Again' }, { Id: known!.Id, Department: 'Ours' }];
    // The update's answer is lost, and for now nothing can be read to settle it. Not for a limit: that one is used up all
    // processes would know, and the next push would wait.
    await control(emulator.url, 'faults', [
      { match: 'PATCH .*/composite/sobjects', times: 1, reset: 'after-commit' },
      {
        match: '/(composite/sobjects/Contact|query)',
        times: 1_000,
        status: 403,
        errorCode: 'INSUFFICIENT_ACCESS',
      },
    ]);
    const first = await push(mixed, '--allow-mixed');
    expect(first).toMatchObject({ code: 5, results: [{ status: 'created' }, { status: 'in-doubt' }] });
    await control(emulator.url, 'faults', []);
    await control(emulator.url, 'touch', { ids: [known!.Id], set: { Department: 'Theirs' } });
    const told = { code: 4, results: [{ status: 'created' }, { status: 'conflict' }] };
    expect(await push(mixed, '--allow-mixed')).toMatchObject(told);
    const again = await push(mixed, '--allow-mixed');
    expect(again).toMatchObject(told);
    expect(again.results.map(({ key }) => key)).toEqual(first.results.map(({ key }) => key));
    expect(await named('Again')).toBe(1);
    const { code } = await cli.run(['outbox', 'retry', again.results[1]!.key, '--take', 'salesforce']);
    expect(code).toBe(0);
    expect(await push(mixed, '--allow-mixed')).toMatchObject({
      code: 4,
      results: [{ status: 'created' }, {}],
    });
    expect(await named('Again')).toBe(1);
    // By then the request whose answer was lost is over.
    await control(emulator.url, 'clock', { advanceMs: 150_000 });
    expect(await push(mixed, '--allow-mixed')).toMatchObject({ code: 0, resumedFrom: null });
    expect(await named('Again')).toBe(2);
  });

  it('with --fresh is a new push all the same', async () => {
    await control(emulator.url, 'faults', [out]);
    expect((await push(few)).code).toBe(5);
    await control(emulator.url, 'faults', []);
    expect(await push(few, '--fresh')).toMatchObject({ code: 0, resumedFrom: null });
    expect(await named('Again')).toBe(4);
  });

  it.each([
    {
      what: 'with its columns in another order',
      as: 'csv',
      text: 'Email,FirstName,LastName\nX@Example.com,A,Again\n,B,Again\n',
    },
    {
      what: 'with empty columns behind',
      as: 'csv',
      text: 'LastName;FirstName;Email;Title;;\nAgain;A;x@example.com;;;\nAgain;B;;;;\n',
    },
    {
      what: 'as JSON',
      as: 'json',
      text: '{"firstname":"A","LastName":"Again ","Email":"x@example.com"}{"FirstName":"B","LastName":"Again"}',
    },
  ])('$what is the same push', async ({ as, text }) => {
    const file = join(cli.folder, 'contacts.csv');
    writeFileSync(file, 'LastName,FirstName,Email\nAgain,A,x@example.com\nAgain,B,\n');
    expect((await cli.run(['push', file, '--queue'])).code).toBe(0);
    const other = join(cli.folder, `other.${as}`);
    writeFileSync(other, text);
    const { code, stdout } = await cli.run(['push', other, '--json']);
    expect(JSON.parse(stdout).resumedFrom).not.toBeNull();
    expect(code).toBe(0);
    expect(await named('Again')).toBe(2);
  });

  it('with another record in it is a new push', async () => {
    await control(emulator.url, 'faults', [out]);
    expect((await push(few)).code).toBe(5);
    await control(emulator.url, 'faults', []);
    expect(await push([...few, { LastName: 'Third' }])).toMatchObject({ code: 0, resumedFrom: null });
    expect(await named('Again')).toBe(4);
  });

  it('after its process was killed before it could tell anything', async () => {
    const file = join(cli.folder, 'contacts.json');
    writeFileSync(file, JSON.stringify(many));
    await control(emulator.url, 'faults', [
      { match: 'POST .*/composite/sobjects', times: 1, delayMs: 60_000 },
    ]);
    const child = cli.start(['push', file, '--json']);
    const gone = once(child, 'exit');
    let open = 0;
    while (open === 0) {
      const { outbox } = (
        await cli.json<{ orgs: { outbox: { pending: number; inDoubt: number } }[] }>(['status'])
      ).orgs[0]!;
      open = outbox.pending + outbox.inDoubt;
    }
    child.kill('SIGKILL');
    await gone;
    await control(emulator.url, 'faults', []);
    const again = await cli.run(['push', file, '--json']);
    const { resumedFrom } = JSON.parse(again.stdout);
    expect(resumedFrom).not.toBeNull();
    expect(await named('Again')).toBeLessThanOrEqual(30);
  });
});
