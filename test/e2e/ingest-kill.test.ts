import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { calls, contactsOf, control } from './org.ts';

const names = Array.from({ length: 40 }, (_, i) => `Killed ${String(i).padStart(2, '0')}`);
/** Two of them say the same. */
const input = `LastName,Department\n${[...names, names[7]].map((name) => `${name},"a, ""b"""\n`).join('')}`;
const expected = [...names, names[7]].toSorted();

type Call = Awaited<ReturnType<typeof calls>>[number];
const jobs = '/jobs/ingest';
const answered = (method: string, end: string) => (call: Call) =>
  call.method === method && call.path.includes(end);

/**
 * Where the process is killed: the last request that was answered, and the one whose work is done and whose answer it waits for,
 * null where it waits for the job.
 */
const instants: [instant: string, after: (call: Call) => boolean, held: string | null][] = [
  ['when its job is made', answered('GET', '/describe'), `POST .*${jobs}$`],
  ['when its data are uploaded', answered('POST', jobs), 'PUT .*/batches'],
  ['before its job is closed', answered('PUT', '/batches'), `GET .*${jobs}/[^/]+$`],
  ['when its job is closed', answered('GET', `${jobs}/`), `PATCH .*${jobs}/`],
  ['while its job is under way', answered('PATCH', jobs), null],
  ['with its results read in part', answered('GET', '/failedResults'), 'GET .*/unprocessedrecords'],
];
/** Long beside what a request to this machine takes. */
const heldMs = 300;
/** What goes on with what was left behind. */
const goingOn: [next: string, args: string[]][] = [
  ['the same push', ['push', '-', '--api', 'bulk']],
  ['a watch', ['watch', '--once']],
];

describe('each contact of an ingest job is made once, though the process is killed', () => {
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
    (await contactsOf(emulator.url))
      .map(({ LastName }) => String(LastName))
      .filter((name) => name.startsWith('Killed'))
      .toSorted();

  // By turns: what is left behind is the same to both.
  const cases = instants.map((instant, n) => [...instant, ...goingOn[n % 2]!] as const);
  it.each(cases)('%s, by the same push or a watch', async (_instant, after, held, _next, args) => {
    const { url } = emulator;
    if (held === null) await control(url, 'settings', { bulkJobMs: 600_000 });
    else await control(url, 'faults', [{ match: held, times: 1, delayMs: 600_000 }]);
    const before = (await calls(url)).length;
    const push = cli.start(['push', '-', '--api', 'bulk']);
    push.stdin?.end(input);
    const ended = once(push, 'close');
    while (!(await calls(url)).slice(before).some(after)) await delay(10);
    await delay(heldMs);
    expect(push.kill('SIGKILL')).toBe(true);
    await ended;

    await control(url, 'faults', []);
    await control(url, 'settings', { bulkJobMs: 0 });
    await control(url, 'clock', { advanceMs: 700_000 });
    await cli.run(args, { input });
    const open = async () =>
      (await cli.json<{ entries: { state: string }[] }>(['outbox', 'list'])).entries.map(
        ({ state }) => state,
      );
    if ((await open()).length > 0) await cli.run(['outbox', 'settle', '--auto']);
    expect(await open()).toEqual([]);
    expect(await made()).toEqual(expected);
    const { contacts } = (await cli.json<{ orgs: { contacts: number }[] }>(['status'])).orgs[0]!;
    expect(contacts).toBe(expected.length + 3);
  });
});
