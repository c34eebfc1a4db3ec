import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/index.ts';
import { Cli, ended } from './cli.ts';
import { contactsOf, control } from './org.ts';

const answerAfterMs = 300_000;
/** Sooner than the budget of 60 seconds that a process has unless told another. */
const inTimeMs = 55_000;

interface Outbox {
  entries: { state: string }[];
}

/** Sends SIGTERM when the org has taken the write, whose answer it keeps back; answers how the command ended. */
async function stoppedMidWrite(
  cli: Cli,
  args: readonly string[],
  isTaken: () => Promise<boolean>,
  input = '',
) {
  const child = cli.start([...args, '--stop-timeout', '2s']);
  child.stdin?.end(input);
  const end = ended(child);
  while (!(await isTaken())) {
    if (child.exitCode !== null) throw new Error((await end).stderr);
    await delay(20);
  }
  const from = performance.now();
  child.kill('SIGTERM');
  const { code, signal } = await end;
  return { code, signal, tookMs: performance.now() - from };
}

async function states(cli: Cli): Promise<string[]> {
  return (
    await cli.json<Outbox>(['outbox', 'list', '--state', 'in-doubt', '--state', 'pending'])
  ).entries.map(({ state }) => state);
}

describe('a command that is told to end while Salesforce keeps the answer to a write back', () => {
  it('ends within its budget: a watch with 0 and the entry in doubt, which the next one settles', async () => {
    await using emulator = await startEmulator({ contacts: 3 });
    using cli = new Cli();
    await cli.loginByToken(emulator);
    await cli.json(['backfill']);
    await cli.json(['push', '-', '--queue'], '{"LastName":"Slow"}');
    await control(emulator.url, 'faults', [
      { match: 'POST .*/ui-api/records', times: 1, delayMs: answerAfterMs },
    ]);
    const made = async () =>
      (await contactsOf(emulator.url)).filter(({ LastName }) => LastName === 'Slow').length;
    const end = await stoppedMidWrite(cli, ['watch'], async () => (await made()) === 1);
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(end.tookMs).toBeGreaterThan(1_500);
    expect(end.tookMs).toBeLessThan(inTimeMs);
    expect(await states(cli)).toEqual(['in-doubt']);
    const next = await cli.run(['watch', '--once']);
    expect(next.code, next.stderr).toBe(0);
    expect(await states(cli)).toEqual([]);
    expect(await made()).toBe(1);
  });

  it('ends within its budget: a push with 143 and its change in doubt, which is read before it is sent again', async () => {
    await using emulator = await startEmulator({ contacts: 3 });
    using cli = new Cli();
    await cli.loginByToken(emulator);
    await cli.json(['backfill']);
    const [contact] = await contactsOf(emulator.url);
    await control(emulator.url, 'faults', [
      { match: 'PATCH .*composite/sobjects', times: 1, delayMs: answerAfterMs },
    ]);
    const changed = async () =>
      (await contactsOf(emulator.url)).some(({ Title }) => Title === 'Changed while it ended');
    const end = await stoppedMidWrite(
      cli,
      ['push', '-'],
      changed,
      JSON.stringify({ Id: contact!.Id, Title: 'Changed while it ended' }),
    );
    expect(end).toMatchObject({ code: 143, signal: null });
    expect(end.tookMs).toBeLessThan(inTimeMs);
    expect(await states(cli)).toEqual(['in-doubt']);
    const stamp = async () =>
      (await contactsOf(emulator.url)).find(({ Id }) => Id === contact!.Id)!.SystemModstamp;
    const before = await stamp();
    const next = await cli.run(['watch', '--once']);
    expect(next.code, next.stderr).toBe(0);
    expect(await states(cli)).toEqual([]);
    expect(await stamp()).toBe(before);
  });
});
