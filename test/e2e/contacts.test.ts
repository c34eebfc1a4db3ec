import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { contactsOf, control } from './org.ts';

let emulator: Emulator;
let cli: Cli;
let ids: string[];

beforeAll(async () => {
  emulator = await startEmulator({ contacts: 4, seed: 6 });
  ids = (await contactsOf(emulator.url)).map(({ Id }) => Id as string);
  await control(emulator.url, 'touch', {
    ids: ids.slice(0, 2),
    set: { Email: 'two@example.com', MailingCity: 'Graz' },
  });
  await control(emulator.url, 'touch', { ids: ids.slice(2, 3), set: { Email: 'One@example.com' } });
  cli = new Cli();
  await cli.loginByToken(emulator);
  await cli.json(['backfill']);
});
afterAll(async () => {
  cli[Symbol.dispose]();
  await emulator.close();
});

it('shows a contact by its e-mail, and names those that share one', async () => {
  const { contact } = await cli.json<{ contact: { Id: string } }>(['contacts', 'show', 'one@EXAMPLE.com']);
  expect(contact.Id).toBe(ids[2]);
  const shared = await cli.run(['contacts', 'show', 'two@example.com']);
  expect(shared.code).toBe(2);
  expect(shared.stderr).toContain('2 contacts have the e-mail two@example.com.');
  for (const id of ids.slice(0, 2)) expect(shared.stderr).toContain(id);
  const nobody = await cli.run(['contacts', 'show', 'nobody@example.com', '--json']);
  expect(nobody.code).toBe(2);
  expect(JSON.parse(nobody.stdout).error.code).toBe('UNKNOWN_CONTACT');
});

it('exports the contacts and fields that are asked for', async () => {
  const { stdout } = await cli.run([
    'contacts',
    'export',
    '--where',
    "MailingCity = 'Graz'",
    '--fields',
    'Id,Email',
  ]);
  expect(stdout).toBe(`Id,Email\n${ids[0]},two@example.com\n${ids[1]},two@example.com\n`);
});

it('tells of a condition and of a field that are none before anything is written', async () => {
  for (const wrong of [
    ['--where', 'true; delete from contact'],
    ['--where', 'Nope = 1'],
    ['--fields', 'Emial'],
  ]) {
    const { code, stdout, stderr } = await cli.run(['contacts', 'export', ...wrong]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(wrong[0]);
  }
});

it('tells beside what it reads that the first copy is not complete', async () => {
  using early = new Cli();
  await early.loginByToken(emulator);
  await early.json(['push'], '{"LastName":"Early"}');
  const reads = [
    ['list'],
    ['search', 'early'],
    ['export', '--format', 'ndjson'],
    ['export', '--output', 'c.csv'],
  ];
  for (const read of reads) {
    const { code, stdout, stderr } = await early.run(['contacts', ...read]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.not.stringContaining('not complete') });
    expect(stderr).toMatch(/^Warning: .* is not complete.*`parahack-sync backfill`/);
    expect(stderr).not.toContain('never');
  }
  await early.json(['backfill']);
  expect((await early.run(['contacts', 'list'])).stderr).not.toContain('not complete');
});
