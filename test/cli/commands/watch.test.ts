import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { CycleCompleteEvent, WatchEvent, WatchResult } from '../../../src/contract/watch.ts';
import { captureStream } from '../support/captured-stream.ts';
import { fakeApp } from '../support/fake-app.ts';
import { json, runMain } from '../support/run-main.ts';

const noneBehind = { conflicts: 0, held: 0, inDoubt: 0 };

const instanceUrl = 'https://acme.my.salesforce.com';
const error = { code: 'TIMEOUT', message: 'acme did not answer.', hint: null, details: null };
const events: WatchEvent[] = [
  { event: 'watch:start', orgs: [instanceUrl], intervalMs: 300_000, once: false, pid: 1 },
  {
    event: 'cycle:complete',
    instanceUrl,
    upserted: 3_000,
    deleted: 1,
    undeleted: 0,
    pushed: 0,
    rejected: 0,
    inDoubt: 0,
    conflicts: 0,
    held: 0,
    unsent: 0,
    behind: noneBehind,
    doubts: 0,
    pushError: null,
    outbox: { pending: 0, rejected: 2, inDoubt: 1, held: 0, conflicts: 0 },
    coveredUntil: '2026-03-01T11:59:00.000Z',
    apiCalls: 4,
    durationMs: 800,
    runId: 'r1',
  },
  { event: 'cycle:failed', instanceUrl, error, retryInMs: 60_000, failures: 1, endsWatch: false },
  { event: 'cycle:recovered', instanceUrl, failures: 1, lastedMs: 61_000 },
  { event: 'watch:stop', reason: 'signal', cycles: 3, failed: 1, skipped: 2 },
];
const watchOf = (result: WatchResult) =>
  fakeApp({
    watch: async (_options, { onEvent }) => {
      for (const event of events) onEvent(event);
      return result;
    },
  });
const fine = { orgs: [{ instanceUrl, error: null }] };

test('its options', async () => {
  const { app, calls } = watchOf(fine);
  await runMain(['watch'], { app });
  await runMain(['watch', 'a', '--once', '--no-push', '--interval', '1m'], { app });
  expect(calls.map(({ options }) => options)).toEqual([
    { orgs: [], intervalMs: 300_000, once: false, push: true, reconcileEveryMs: 604_800_000 },
    { orgs: ['a'], intervalMs: 60_000, once: true, push: false, reconcileEveryMs: 604_800_000 },
  ]);
});

test.each([
  ['off', null],
  ['0', null],
  ['0s', null],
  ['0d', null],
  ['2h', 7_200_000],
])('--reconcile-every %s', async (text, reconcileEveryMs) => {
  const { app, calls } = watchOf(fine);
  await runMain(['watch', '--reconcile-every', text], { app });
  expect(calls[0]!.options).toMatchObject({ reconcileEveryMs });
});

test.each(['never', '5m', '366d'])('--reconcile-every %s is refused by naming off', async (text) => {
  const { code, stderr } = await runMain(['watch', '--reconcile-every', text], { app: watchOf(fine).app });
  expect(code).toBe(2);
  expect(stderr).toContain('It may be off, too.');
});

test.each([[['--json']], [['--log-format', 'json']]])('%j writes an event a line', async (flags) => {
  const { code, stdout } = await runMain(['watch', ...flags], { app: watchOf(fine).app, terminal: true });
  expect(code).toBe(0);
  const at = '2026-03-01T12:00:00.000Z';
  const levels = ['info', 'info', 'error', 'info', 'info'];
  expect(stdout.trimEnd().split('\n').map(json)).toEqual(
    events.map((event, n) => ({ level: levels[n], time: at, at, ...event })),
  );
});

test('--json writes events as JSON whatever --log-format says, and messages stay on stderr', async () => {
  const { stdout } = await runMain(['watch', '--json', '--log-format', 'text'], { app: watchOf(fine).app });
  expect(stdout.trimEnd().split('\n').map(json)).toMatchObject(events);
});

test('the text log', async () => {
  const { stdout } = await runMain(['watch'], { app: watchOf(fine).app });
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^\S+ /, '')),
  ).toEqual([
    'Watching 1 org every 5m: acme.my.salesforce.com',
    'acme.my.salesforce.com: 3,000 upserted, 1 deleted in 800ms, covered until 2026-03-01T11:59:00.000Z',
    'acme.my.salesforce.com: acme did not answer. (TIMEOUT) Again in 1m.',
    'acme.my.salesforce.com: recovered after 1 failed cycle in 1m 1s',
    'Stopped: 3 cycles complete, 1 failed, 2 skipped',
  ]);
  const quiet = await runMain(['watch', '--quiet'], { app: watchOf(fine).app });
  expect(quiet.stdout.trimEnd().split('\n')).toHaveLength(1);
  expect(quiet.stdout).toContain('(TIMEOUT)');
});

test.each([
  [
    false,
    'no (LOGIN_REQUIRED) The watch goes on with it by itself after the next login. Run: parahack-sync login --instance-url https://acme.my.salesforce.com',
  ],
  [true, 'no (LOGIN_REQUIRED) Not tried again.'],
])('says how an org that needs a login goes on, with once %s', async (once, said) => {
  const hint = `Run: parahack-sync login --instance-url ${instanceUrl}`;
  const refused = { code: 'LOGIN_REQUIRED', message: 'no', hint, details: null };
  const { app } = fakeApp({
    watch: async (_options, { onEvent }) => {
      onEvent({ event: 'watch:start', orgs: [instanceUrl], intervalMs: 300_000, once, pid: 1 });
      onEvent({
        event: 'cycle:failed',
        instanceUrl,
        error: refused,
        retryInMs: null,
        failures: 1,
        endsWatch: false,
      });
      return fine;
    },
  });
  const { stdout } = await runMain(['watch'], { app });
  expect(stdout.trimEnd().split('\n')[1]?.endsWith(`: ${said}`)).toBe(true);
});

test('says that it ends with the access token of the environment, and not that it waits for a login', async () => {
  const hint = 'Put a fresh token into PARAHACK_SYNC_ACCESS_TOKEN.';
  const ended = { code: 'LOGIN_REQUIRED', message: 'no', hint, details: null };
  const { app } = fakeApp({
    watch: async (_options, { onEvent }) => {
      onEvent({ event: 'watch:start', orgs: [instanceUrl], intervalMs: 300_000, once: false, pid: 1 });
      onEvent({
        event: 'cycle:failed',
        instanceUrl,
        error: ended,
        retryInMs: null,
        failures: 1,
        endsWatch: true,
      });
      return fine;
    },
  });
  const { stdout } = await runMain(['watch'], { app });
  expect(stdout.trimEnd().split('\n')[1]).toMatch(
    /: no \(LOGIN_REQUIRED\) The watch ends\. Put a fresh token into PARAHACK_SYNC_ACCESS_TOKEN\.$/,
  );
});

test('says what to do about a trouble when it is told first, and again only when it comes anew', async () => {
  const hint = 'Make room.';
  const full = { code: 'DISK_FULL', message: 'no room', hint, details: null };
  const failed: WatchEvent = {
    ...{ event: 'cycle:failed', instanceUrl, error: full, retryInMs: 60_000, failures: 1, endsWatch: false },
  };
  const complete = events.find((event) => event.event === 'cycle:complete')!;
  const linesOf = async (...of: WatchEvent[]) => {
    const watch = async (_options: unknown, { onEvent }: { onEvent: (event: WatchEvent) => void }) => {
      for (const event of of) onEvent(event);
      return fine;
    };
    const { stdout } = await runMain(['watch', '-v'], { app: fakeApp({ watch }).app });
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.endsWith(` ${hint}`));
  };
  expect(await linesOf(failed, failed, complete, failed)).toEqual([true, false, false, true]);
  const compared: WatchEvent = { event: 'reconcile:failed', instanceUrl, error: full, retryInMs: null };
  expect(await linesOf(compared, compared, failed)).toEqual([true, false, true]);
  const unsent = { ...complete, unsent: 2, pushError: full } as WatchEvent;
  expect(await linesOf(unsent, unsent, failed, complete, unsent)).toEqual([true, false, true, false, true]);
});

test('says that a comparison was asked for, as whoever asked reads another place', async () => {
  const { app } = fakeApp({
    watch: async (_options, { onEvent }) => {
      const about = { instanceUrl, cause: 'asked', reason: 'it was asked for', api: 'rest' } as const;
      onEvent({ event: 'reconcile:start', ...about, expected: 9, resumed: false, dryRun: false, runId: 'r' });
      return fine;
    },
  });
  const { stdout } = await runMain(['watch'], { app });
  expect(stdout.trimEnd()).toMatch(/: comparing 9 contacts, because it was asked for$/);
});

test('the lines of orgs that come, go and are renamed', async () => {
  const { app } = fakeApp({
    watch: async (_options, { onEvent }) => {
      onEvent({ event: 'org:added', instanceUrl, alias: 'prod' });
      onEvent({ event: 'org:renamed', instanceUrl, alias: 'live' });
      onEvent({ event: 'org:removed', instanceUrl });
      return fine;
    },
  });
  const { stdout } = await runMain(['watch'], { app });
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual([
    'prod: watched from now on',
    `${instanceUrl}: called live from now on`,
    'live: watched no longer, its sync is off or it was logged out',
  ]);
});

test('an org is called at once as the line says that it came or was renamed', async () => {
  const cycle = events.find((event) => event.event === 'cycle:complete')!;
  const { app } = fakeApp({
    watch: async (_options, { onEvent }) => {
      onEvent({ event: 'org:added', instanceUrl, alias: 'prod' });
      onEvent({ ...cycle, instanceUrl });
      onEvent({ event: 'org:renamed', instanceUrl, alias: 'live' });
      onEvent({ ...cycle, instanceUrl });
      onEvent({ event: 'org:renamed', instanceUrl, alias: null });
      onEvent({ ...cycle, instanceUrl });
      return fine;
    },
  });
  const { stdout } = await runMain(['watch', '--verbose'], { app });
  const names = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ')[1]);
  expect(names.filter((_, at) => at % 2 === 1)).toEqual(['prod:', 'live:', 'acme.my.salesforce.com:']);
});

describe('a watch without news', () => {
  const quietCycle = (url: string, coveredUntil: string): WatchEvent => ({
    event: 'cycle:complete',
    instanceUrl: url,
    upserted: 0,
    deleted: 0,
    undeleted: 0,
    pushed: 0,
    rejected: 0,
    inDoubt: 0,
    conflicts: 0,
    held: 0,
    unsent: 0,
    behind: noneBehind,
    doubts: 0,
    pushError: null,
    outbox: { pending: 0, rejected: 2, inDoubt: 1, held: 0, conflicts: 0 },
    coveredUntil,
    apiCalls: 2,
    durationMs: 100,
    runId: 'r',
  });
  const minute = 60_000;
  const other = 'https://b.my.salesforce.com';

  /** Two orgs, a cycle each every 5 minutes for 150 minutes; one with news after 20 minutes. */
  async function linesOf(...flags: string[]): Promise<string[]> {
    let clock = Date.parse('2026-03-01T12:00:00.000Z');
    const { app } = fakeApp({
      watch: async (_options, { onEvent }) => {
        for (let at = 5; at <= 150; at += 5) {
          clock += 5 * minute;
          for (const [org, lag] of [
            [instanceUrl, 1],
            [other, 3],
          ] as const) {
            const cycle = quietCycle(org, new Date(clock - lag * minute).toISOString());
            onEvent(at === 20 && org === other ? ({ ...cycle, upserted: 1 } as WatchEvent) : cycle);
          }
        }
        return fine;
      },
    });
    const { stdout } = await runMain(['watch', ...flags], { app, io: { now: () => clock } });
    return stdout.trimEnd().split('\n');
  }

  test('is silent but for a line an hour', async () => {
    expect(await linesOf()).toEqual([
      '2026-03-01T12:20:00.000Z b.my.salesforce.com: 1 upserted in 100ms, covered until 2026-03-01T12:17:00.000Z',
      '2026-03-01T13:20:00.000Z nothing new in 23 cycles of 2 orgs in the last 1h, 46 API calls, covered until 2026-03-01T13:12:00.000Z',
      '2026-03-01T14:20:00.000Z nothing new in 24 cycles of 2 orgs in the last 1h, 48 API calls, covered until 2026-03-01T14:12:00.000Z',
    ]);
  });

  /** The lines of a watch of so many orgs, each with two cycles without news but for the last, which is being copied. */
  async function startOf(count: number, ...flags: string[]): Promise<string[]> {
    const orgs = Array.from({ length: count }, (_, n) => `https://org${n}.my.salesforce.com`);
    const copied = orgs.at(-1)!;
    const { app } = fakeApp({
      watch: async (_options, { onEvent }) => {
        onEvent({ event: 'watch:start', orgs, intervalMs: 300_000, once: false, pid: 1 });
        const start = { contacts: 10, api: 'rest', resumed: false, runId: 'r' };
        onEvent({ event: 'backfill:start', instanceUrl: copied, ...start } as unknown as WatchEvent);
        for (const n of [1, 2])
          for (const url of orgs.slice(0, -1)) onEvent(quietCycle(url, `2026-03-01T11:5${n}:00.000Z`));
        return fine;
      },
    });
    const { stdout } = await runMain(['watch', ...flags], { app });
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^\S+ /, ''));
  }

  test('says of each org once, at its start, that it is up to date', async () => {
    expect(await startOf(3)).toEqual([
      expect.stringContaining('Watching 3 orgs'),
      expect.stringContaining('org2.my.salesforce.com'),
      'org0.my.salesforce.com: nothing new in 100ms, covered until 2026-03-01T11:51:00.000Z',
      'org1.my.salesforce.com: nothing new in 100ms, covered until 2026-03-01T11:51:00.000Z',
    ]);
    expect(await startOf(3, '--quiet')).toEqual(['']);
  });

  test('says it of many orgs in one line, when each has begun', async () => {
    const lines = await startOf(40);
    expect(lines).toHaveLength(3);
    expect(lines[2]).toBe(
      '39 of 40 orgs are up to date after their first cycle; what the others do is said above',
    );
  });

  test('shows each cycle with --verbose, with --once and as JSON', async () => {
    expect(await linesOf('--verbose')).toHaveLength(60);
    expect(await linesOf('--once')).toHaveLength(60);
    expect(await linesOf('--json')).toHaveLength(60);
    expect(await linesOf('--quiet')).toEqual(['']);
  });
});

describe('an org that is down for a day', () => {
  const second = 1_000;
  const day = 86_400 * second;
  const told = (code: string) => ({ code, message: 'no', hint: null, details: null });

  /** What the log says when `eventAt` happens every 30 seconds for a day, and then `last`. */
  async function linesOf(eventAt: (n: number) => WatchEvent, last: WatchEvent, ...flags: string[]) {
    const from = Date.parse('2026-03-01T12:00:00.000Z');
    let clock = from;
    const { app } = fakeApp({
      watch: async (_options, { onEvent }) => {
        for (let n = 0; clock < from + day; n++) {
          onEvent(eventAt(n));
          clock += 30 * second;
        }
        onEvent(last);
        return fine;
      },
    });
    const { stdout } = await runMain(['watch', ...flags], { app, io: { now: () => clock } });
    return stdout.trimEnd().split('\n');
  }

  const failed = (code: string, n: number): WatchEvent => ({
    event: 'cycle:failed',
    instanceUrl,
    error: told(code),
    retryInMs: 30 * second,
    failures: n + 1,
    endsWatch: false,
  });
  const recovered: WatchEvent = { event: 'cycle:recovered', instanceUrl, failures: 2_880, lastedMs: day };

  test.each([[[]], [['--log-format', 'json']]])('is told at growing distances, with %j', async (flags) => {
    const lines = await linesOf((n) => failed('TIMEOUT', n), recovered, ...flags);
    expect(lines.length).toBeLessThan(30);
    expect(lines.length).toBeGreaterThan(24);
  });

  test('says at once what it is, how often it was, and once that it is over', async () => {
    const lines = await linesOf((n) => failed('TIMEOUT', n), recovered);
    expect(lines.slice(0, 3).map((line) => line.slice(11))).toEqual([
      '12:00:00.000Z acme.my.salesforce.com: no (TIMEOUT) Again in 30s.',
      '12:10:00.000Z acme.my.salesforce.com: no (TIMEOUT) Again in 30s. 21 failures in a row.',
      '12:30:00.000Z acme.my.salesforce.com: no (TIMEOUT) Again in 30s. 61 failures in a row.',
    ]);
    const over = lines.filter((line) => line.includes('recovered'));
    expect(over.map((line) => line.slice(25))).toEqual([
      'acme.my.salesforce.com: recovered after 2,880 failed cycles in 1d',
    ]);
  });

  test('tells each new trouble at once, and two that take turns no more often', async () => {
    const lines = await linesOf((n) => failed(n % 2 === 0 ? 'TIMEOUT' : 'ORG_UNAVAILABLE', n), recovered);
    expect(lines[1]).toContain('12:00:30.000Z acme.my.salesforce.com: no (ORG_UNAVAILABLE)');
    expect(lines.length).toBeLessThan(30);
  });

  test('is in the line an hour that other orgs are told by', async () => {
    const quiet = {
      ...(events[1] as WatchEvent),
      instanceUrl: 'https://b.my.salesforce.com',
      upserted: 0,
      deleted: 0,
    };
    const lines = await linesOf((n) => (n === 0 ? failed('TIMEOUT', 0) : (quiet as WatchEvent)), recovered);
    expect(lines[1]).toMatch(
      /nothing new in \d+ cycles of 1 org in the last 1h, \d+ API calls, .*, 1 in trouble$/,
    );
    expect(lines.length).toBeLessThan(30);
  });

  test('or held by another process, or whose outbox cannot be sent, is no flood either', async () => {
    const skipped: WatchEvent = {
      event: 'cycle:skipped',
      instanceUrl,
      error: told('ORG_BUSY'),
      retryInMs: 1,
    };
    expect((await linesOf(() => skipped, recovered)).length).toBeLessThan(30);
    const unsent = {
      ...events[1],
      upserted: 0,
      deleted: 0,
      unsent: 3,
      pushError: told('TIMEOUT'),
    } as WatchEvent;
    expect((await linesOf(() => unsent, recovered)).length).toBeLessThan(30);
    const {
      upserted: _u,
      deleted: _d,
      undeleted: _n,
      coveredUntil: _c,
      ...push
    } = unsent as CycleCompleteEvent;
    const behind = { ...push, event: 'push:complete' } as WatchEvent;
    expect((await linesOf(() => behind, recovered)).length).toBeLessThan(30);
    const waits = { ...events[1], upserted: 0, deleted: 0, unsent: 3, doubts: 1 } as CycleCompleteEvent;
    const decided = { ...waits, behind: { ...noneBehind, inDoubt: 3 } };
    expect((await linesOf(() => decided, recovered)).length).toBeLessThan(30);
  });

  test('a comparison that failed says whether it is tried again', async () => {
    const failed = (retryInMs: number | null): WatchEvent => ({
      event: 'reconcile:failed',
      instanceUrl,
      error: told('TIMEOUT'),
      retryInMs,
    });
    const lines = await linesOf((n) => (n < 2 ? failed(n === 0 ? null : 3_600_000) : recovered), recovered);
    expect(lines[0]).toMatch(/comparison with the org failed: .* \(TIMEOUT\) Ask for it again\.$/);
    expect(lines[1]).toMatch(/comparison with the org failed: .* \(TIMEOUT\) Again in 1h\.$/);
  });

  test('that another process held at the start is told when it is this watch’s', async () => {
    const skipped: WatchEvent = {
      event: 'cycle:skipped',
      instanceUrl,
      error: told('ORG_BUSY'),
      retryInMs: 30_000,
    };
    const quiet = { ...events[1], upserted: 0, deleted: 0 } as WatchEvent;
    const lines = await linesOf((n) => (n < 2 ? skipped : quiet), recovered);
    expect(lines[0]).toMatch(/skipped, .* \(ORG_BUSY\) Again in 30s\.$/);
    expect(lines[1]).toMatch(/nothing new in 800ms, covered until/);
    expect(lines[2]).toMatch(/nothing new in 120 cycles/);
  });

  test('is told of each time with --verbose', async () => {
    expect(await linesOf((n) => failed('TIMEOUT', n), recovered, '--verbose')).toHaveLength(2_881);
  });

  test('that fails again after a good cycle is told of at once', async () => {
    const lines = await linesOf(
      (n) => (n % 4 === 3 ? (events[1] as WatchEvent) : failed('TIMEOUT', n % 4)),
      recovered,
    );
    expect(lines.slice(0, 3).map((line) => line.slice(11, 19))).toEqual(['12:00:00', '12:01:30', '12:02:00']);
  });
});

test.each([
  ['a full disk', 'ENOSPC', 1],
  ['a reader that has gone', 'EPIPE', 0],
])('ends where its log cannot be written: %s', async (_what, code, exitCode) => {
  const failWith = Object.assign(new Error(`${code}: no`), { code });
  const { app } = fakeApp({
    watch: async (_options, { signal, onEvent }) => {
      for (const event of events) onEvent(event);
      while (!signal.aborted) await new Promise((resolve) => setImmediate(resolve));
      return fine;
    },
  });
  const ran = await runMain(['watch'], { app, io: { stdout: captureStream({ failWith }) } });
  expect(ran.code).toBe(exitCode);
  expect(ran.stderr).toBe(
    exitCode === 0
      ? ''
      : 'Error: The output could not be written: there is no room left where it goes.\nHint: Make room there. What the command did is done all the same: `parahack-sync runs`, `parahack-sync status` and `parahack-sync outbox list` show it.\n',
  );
});

test('ends quietly with --once too, where nobody reads its log any more', async () => {
  const closed = Object.assign(new Error('EPIPE: no'), { code: 'EPIPE' });
  const interrupted = {
    code: 'INTERRUPTED',
    message: 'The work was interrupted.',
    hint: null,
    details: null,
  };
  const { app } = fakeApp({
    watch: async (_options, { signal, onEvent }) => {
      for (const event of events) onEvent(event);
      while (!signal.aborted) await new Promise((resolve) => setImmediate(resolve));
      return { orgs: [{ instanceUrl, error: interrupted }] };
    },
  });
  const io = { stdout: captureStream({ failWith: closed }) };
  expect(await runMain(['watch', '--once'], { app, io })).toMatchObject({ code: 0, stderr: '' });
});

test('ends quietly where its terminal was closed', async () => {
  const failWith = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
  const gone = captureStream({ isTTY: true, failWith });
  const ran = await runMain(['watch'], { app: watchOf(fine).app, io: { stdout: gone, stderr: gone } });
  expect(ran.code).toBe(0);
});

describe("an org's trouble", () => {
  test('is the exit code of a watch that ends by itself, as with --once or when all orgs are locked', async () => {
    const { app } = watchOf({ orgs: [{ instanceUrl, error }] });
    expect((await runMain(['watch', '--once'], { app })).code).toBe(5);
    const busy = watchOf({ orgs: [{ instanceUrl, error: { ...error, code: 'ORG_BUSY' } }] });
    expect((await runMain(['watch'], { app: busy.app })).code).toBe(6);
    const { stdout } = await runMain(['watch', '--once', '--json'], { app });
    expect(json(stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({ error: { code: 'TIMEOUT' } });
  });

  const stopping = (signals: EventEmitter, name: string, orgs: WatchResult['orgs']) =>
    fakeApp({
      watch: async (_options, { signal }) => {
        signals.emit(name, name);
        expect(signal.aborted).toBe(true);
        return { orgs };
      },
    });

  test('is none of a watch that a signal has stopped', async () => {
    const signals = new EventEmitter();
    const { app } = stopping(signals, 'SIGINT', [{ instanceUrl, error }]);
    expect((await runMain(['watch'], { app, io: { signals } })).code).toBe(0);
  });

  test.each([
    ['SIGINT', 130, 'INTERRUPTED'],
    ['SIGTERM', 143, 'TERMINATED'],
  ])('is an interruption where %s comes before --once is done', async (name, exitCode, code) => {
    const interrupted = {
      code: 'INTERRUPTED',
      message: 'The work was interrupted.',
      hint: null,
      details: null,
    };
    const signals = new EventEmitter();
    const { app } = stopping(signals, name, [
      { instanceUrl, error: null },
      { instanceUrl: 'https://other.my.salesforce.com', error: interrupted },
    ]);
    const ran = await runMain(['watch', '--once', '--json'], { app, io: { signals } });
    expect(ran.code).toBe(exitCode);
    expect(json(ran.stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({ error: { code } });
  });

  test('is told where a signal comes after --once is done', async () => {
    const signals = new EventEmitter();
    const ran = async (orgs: WatchResult['orgs']) =>
      (await runMain(['watch', '--once'], { app: stopping(signals, 'SIGINT', orgs).app, io: { signals } }))
        .code;
    expect(await ran([{ instanceUrl, error: null }])).toBe(0);
    expect(await ran([{ instanceUrl, error }])).toBe(5);
  });
});

const nothing = {
  rejected: 0,
  inDoubt: 0,
  conflicts: 0,
  held: 0,
  unsent: 0,
  behind: noneBehind,
  error: null,
};

test.each([
  ['nothing', nothing, 0, null],
  ['a refusal', { ...nothing, rejected: 1 }, 4, 'PARTIAL'],
  ['a conflict', { ...nothing, conflicts: 1 }, 4, 'PARTIAL'],
  ['held edits', { ...nothing, held: 1 }, 4, 'PARTIAL'],
  ['a doubt', { ...nothing, inDoubt: 1, rejected: 2 }, 5, 'IN_DOUBT'],
  ['an unsent entry', { ...nothing, unsent: 2, rejected: 1 }, 5, 'UNSENT'],
  ['an org out of reach', { ...nothing, unsent: 2, error }, 5, 'UNSENT'],
  [
    'an edit behind a conflict',
    { ...nothing, unsent: 1, behind: { ...noneBehind, conflicts: 1 } },
    5,
    'UNSENT',
  ],
  [
    'a needed login',
    { ...nothing, unsent: 2, error: { ...error, code: 'LOGIN_REQUIRED' } },
    3,
    'LOGIN_REQUIRED',
  ],
])('a good pull whose push left %s ends with its exit code', async (_, push, code, named) => {
  const { app } = watchOf({ orgs: [{ instanceUrl, error: null, push }] });
  const result = await runMain(['watch', '--once', '--json'], { app });
  expect(result.code).toBe(code);
  const last = json(result.stdout.trimEnd().split('\n').at(-1)!) as { error?: { code: string } };
  expect(last.error?.code ?? null).toBe(named);
});

test('a conflict that a cycle met is told with what decides it', async () => {
  const { app } = watchOf({ orgs: [{ instanceUrl, error: null, push: { ...nothing, conflicts: 1 } }] });
  const { stderr } = await runMain(['watch', '--once'], { app });
  expect(stderr).toContain('outbox list --conflicts');
  expect(stderr).toContain('outbox retry KEY --take salesforce');
});

test('what a cycle has held is told with what releases it', async () => {
  const ran = async (push: object) => {
    const { app } = watchOf({ orgs: [{ instanceUrl, error: null, push: { ...nothing, ...push } }] });
    return (await runMain(['watch', '--once'], { app })).stderr;
  };
  expect(await ran({ held: 2 })).toContain('2 entries of the outbox are held until they are approved');
  expect(await ran({ held: 2, rejected: 1 })).toContain('3 entries of the outbox were not accepted');
  for (const told of [await ran({ held: 1 }), await ran({ held: 1, conflicts: 1 })])
    expect(told).toContain('outbox approve --all');
});

test('what waits behind earlier entries is told with what decides about those', async () => {
  const push = { ...nothing, unsent: 2, behind: { ...noneBehind, conflicts: 1, held: 1 } };
  const ran = async (unsent: number) => {
    const { app } = watchOf({ orgs: [{ instanceUrl, error: null, push: { ...push, unsent } }] });
    return (await runMain(['watch', '--once'], { app })).stderr;
  };
  expect(await ran(2)).toContain('2 entries of the outbox wait behind earlier changes of their contacts');
  expect(await ran(2)).not.toContain('next `watch`');
  for (const told of [await ran(2), await ran(3)]) {
    expect(told).toContain('outbox list --conflicts');
    expect(told).toContain('outbox approve --all');
  }
  expect(await ran(3)).toContain('They are sent by the next `watch` cycle or `push`. Of 2 entries');
});

test('what a push left behind stands in the line of its cycle', async () => {
  const [, cycle] = events as [WatchEvent, Extract<WatchEvent, { event: 'cycle:complete' }>];
  const { app } = fakeApp({
    watch: async (_options, { onEvent }) => {
      onEvent({ ...cycle, pushed: 5, rejected: 1, inDoubt: 2, conflicts: 3, unsent: 4, pushError: error });
      return fine;
    },
  });
  const { stdout } = await runMain(['watch'], { app });
  expect(stdout).toContain('5 pushed, 1 refused, 2 in doubt, 3 in conflict, 4 still to be sent in 800ms');
  expect(stdout).toContain('; not everything was sent: acme did not answer. (TIMEOUT)');
});
