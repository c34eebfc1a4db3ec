import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { calls, contactsOf, control } from './org.ts';

const creates = 'POST .*/composite/sobjects$';
const people = (count = 30) => Array.from({ length: count }, (_, n) => ({ LastName: `Doubt${n}` }));

interface Settled {
  settled: { key: string; state: string; contactId: string | null }[];
  inDoubt: { key: string; changes: { LastName: string }; doubt: { reason: string } | null }[];
  error?: { code: string };
}

describe('creates in doubt, by the command line', () => {
  let emulator: Emulator;
  let cli: Cli;

  beforeEach(async () => {
    emulator = await startEmulator({ contacts: 3 });
    cli = new Cli();
    await cli.loginByToken(emulator);
    await cli.json(['backfill']);
  });
  afterEach(async () => {
    cli[Symbol.dispose]();
    await emulator.close();
  });

  const made = async () =>
    (await contactsOf(emulator.url)).filter(({ LastName }) => String(LastName).startsWith('Doubt'));
  const pass = () => control(emulator.url, 'clock', { advanceMs: 3 * 60_000 });
  const written = async () =>
    (await calls(emulator.url)).filter(
      ({ method, path }) => method === 'POST' && path.endsWith('/composite/sobjects'),
    ).length;
  async function settle(...args: string[]): Promise<Settled & { code: number | null }> {
    const { code, stdout } = await cli.run(['outbox', 'settle', ...args, '--json']);
    return { code, ...(JSON.parse(stdout) as Settled) };
  }
  async function lost(fault: object): Promise<void> {
    await control(emulator.url, 'faults', [{ match: creates, ...fault }]);
    const { code } = await cli.run(['push', '-', '--json'], { input: JSON.stringify(people()) });
    expect(code).toBe(5);
  }

  it('are settled by asking once more, with exit code 5 until all of them are', async () => {
    await lost({ reset: 'after-commit' });
    const early = await settle('--auto');
    expect(early).toMatchObject({ code: 5, settled: [], error: { code: 'IN_DOUBT' } });
    expect(new Set(early.inDoubt.map(({ doubt }) => doubt?.reason))).toEqual(new Set(['not-covered']));
    await pass();
    const late = await settle('--auto');
    expect(late).toMatchObject({ code: 0, inDoubt: [] });
    expect(new Set(late.settled.map(({ state }) => state))).toEqual(new Set(['done']));
    expect(await made()).toHaveLength(30);
    expect(await written()).toBe(1);
  });

  it('are shown with what they may be, and decided by hand', async () => {
    await lost({ reset: 'after-commit' });
    const changed = (await made()).slice(0, 2).map(({ Id }) => String(Id));
    for (const [n, id] of changed.entries()) {
      await control(emulator.url, 'touch', { ids: [id], set: { LastName: `Rewritten${n}` } });
    }
    await settle('--auto');
    await pass();
    const { code, inDoubt } = await settle('--auto');
    expect([code, inDoubt.length]).toEqual([5, 2]);
    const [first, second] = inDoubt as [Settled['inDoubt'][number], Settled['inDoubt'][number]];
    const shown = await cli.run(['outbox', 'show', first.key.slice(0, 8)]);
    expect(shown.stdout).toContain('In doubt: This user made contacts since that no entry accounts for');
    for (const id of changed) expect(shown.stdout).toContain(id);
    expect(shown.stdout).toContain('Rewritten0');
    const live = await cli.json<{ salesforce: { contacts: { values: object }[] } }>([
      'outbox',
      'show',
      first.key,
      '--live',
    ]);
    expect(live.salesforce.contacts.map(({ values }) => values)).toContainEqual({ LastName: 'Rewritten0' });

    const own = changed[0] as string;
    expect(await settle(first.key, '--as', own)).toMatchObject({
      code: 0,
      settled: [{ key: first.key, state: 'done', contactId: own }],
    });
    expect((await settle(second.key, '--as', own)).error).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await settle(second.key, '--not-sent')).toMatchObject({
      code: 0,
      settled: [{ key: second.key, state: 'pending' }],
    });
  });

  it('are asked about no more once a person has given them up, and are shown so', async () => {
    await lost({ reset: 'after-commit' });
    const [first] = (await settle('--auto')).inDoubt as [Settled['inDoubt'][number]];
    await cli.json(['outbox', 'drop', first.key]);
    const { stdout } = await cli.run(['outbox', 'show', first.key]);
    expect(stdout).toContain('Was in doubt: It was given up, and nobody asks about it any more');
    expect(stdout).not.toContain('asked again');
    expect(await cli.json(['outbox', 'show', first.key])).toMatchObject({
      entry: {
        state: 'dropped',
        doubt: { reason: 'not-covered', message: expect.stringMatching(/^It was given up/) },
      },
    });
  });

  it('a wait for a request that was cut is ended by a person, where the coverage of the org stands still', async () => {
    const [{ Id: id }] = (await contactsOf(emulator.url)) as [{ Id: string }];
    await control(emulator.url, 'settings', { commitLagMs: 24 * 60 * 60_000 });
    await control(emulator.url, 'faults', [{ match: 'PATCH .*/composite/sobjects', reset: 'after-commit' }]);
    const push = (Title: string) =>
      cli.run(['push', '-', '--json'], { input: JSON.stringify([{ Id: id, Title }]) });
    await push('First');
    expect((await push('Second')).code).toBe(5);
    const { entries } = await cli.json<{ entries: { key: string }[] }>(['outbox', 'list']);
    const [{ key: waiting }] = entries as [{ key: string }];
    const shown = async () =>
      (
        await cli.json<{ entry: { state: string; waitsForRequestOf: string | null } }>([
          'outbox',
          'show',
          waiting,
        ])
      ).entry;
    const { waitsForRequestOf: cut } = await shown();
    expect((await cli.run(['outbox', 'show', waiting])).stdout).toContain(`outbox settle ${cut} --not-sent`);
    await pass();
    expect((await cli.run(['watch', '--once', '--json'])).code).toBe(5);
    const { code, settled, ...more } = await settle(String(cut), '--not-sent');
    expect([code, settled, more]).toMatchObject([0, [{ key: cut, state: 'done' }], { released: [cut] }]);
    expect((await shown()).waitsForRequestOf).toBeNull();
    expect((await settle(String(cut), '--not-sent')).error).toMatchObject({ code: 'UNKNOWN_ENTRY' });
    expect((await cli.run(['watch', '--once', '--json'])).code).toBe(0);
    expect(await shown()).toMatchObject({ state: 'done' });
  });

  it('exist once where the process was killed while Salesforce made them, and a watch goes on', async () => {
    const file = join(cli.folder, 'people.json');
    writeFileSync(file, JSON.stringify(people()));
    await control(emulator.url, 'faults', [{ match: creates, delayMs: 60_000 }]);
    const child = cli.start(['push', file, '--json']);
    const gone = once(child, 'exit');
    await expect.poll(async () => (await made()).length, { timeout: 20_000 }).toBe(30);
    child.kill('SIGKILL');
    await gone;
    await control(emulator.url, 'faults', []);
    for (let cycle = 0; cycle < 3; cycle++) {
      await cli.run(['watch', '--once', '--json']);
      await pass();
    }
    const { entries } = await cli.json<{ entries: unknown[] }>(['outbox', 'list']);
    expect(entries).toEqual([]);
    expect(await made()).toHaveLength(30);
  });
});

describe('outbox settle refuses', () => {
  it.each([
    [['3f2a91c4'], /How the entry is to be settled/],
    [['3f2a91c4', '--auto', '--not-sent'], /Only one of/],
    [['--not-sent'], /No entry is named/],
    [['a', 'b', '--as', '003000000000001AAA'], /Several entries/],
    [['3f2a91c4', '--as', 'xx'], /"xx" is not the Id of a contact/],
  ])('%j', async (args, message) => {
    using cli = new Cli();
    const { code, stdout } = await cli.run(['outbox', 'settle', ...args, '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/\S/),
    });
  });
});
