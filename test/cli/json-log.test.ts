import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { AppIo } from '../../src/contract/app.ts';
import type { CycleCompleteEvent, WatchEvent, WatchResult } from '../../src/contract/watch.ts';
import { captureStream } from './support/captured-stream.ts';
import { fakeApp } from './support/fake-app.ts';
import { json, now, type RunOptions, runMain } from './support/run-main.ts';

const instanceUrl = 'https://acme.my.salesforce.com';
const time = new Date(now).toISOString();
const fine: WatchResult = { orgs: [{ instanceUrl, error: null }] };
const start: WatchEvent = {
  event: 'watch:start',
  orgs: [instanceUrl],
  intervalMs: 300_000,
  once: false,
  pid: 1,
};
const stop: WatchEvent = { event: 'watch:stop', reason: 'signal', cycles: 3, failed: 1, skipped: 0 };
const token = '00D5e000000abcdEAA!AQEAQKx9yQz0abcdefghijklmnop';

interface Watch {
  onEvent(event: WatchEvent): void;
  log: Logger;
  signal: AbortSignal;
}

/** A watch with the JSON log that does what `work` does. */
async function watch(
  work: (watch: Watch) => void | Promise<void>,
  { flags = [], io = {}, ...options }: RunOptions & { flags?: string[] } = {},
) {
  let log: Logger;
  const { app } = fakeApp({
    watch: async (_options, { signal, onEvent }) => {
      await work({ onEvent, log, signal });
      return fine;
    },
  });
  const loadApp = async () => async (_config: unknown, appIo: AppIo) => {
    ({ log } = appIo);
    return app;
  };
  const ran = await runMain(['watch', '--log-format', 'json', ...flags], {
    ...options,
    io: { loadApp, ...io },
  });
  return { ...ran, lines: linesOf(ran.stdout) };
}

const linesOf = (text: string) => (text === '' ? [] : text.trimEnd().split('\n').map(json));

async function untilStopped(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await nextTurn();
}

const failing = (code: string) => captureStream({ failWith: Object.assign(new Error(code), { code }) });

describe('the JSON log of a watch', () => {
  test('has events and messages as one order of lines, and stderr nothing', async () => {
    const signals = new EventEmitter();
    const { lines, stderr, code } = await watch(
      async ({ onEvent, log, signal }) => {
        onEvent(start);
        log.warn('the list of deletes was dropped', { instanceUrl, runId: 'r' });
        log.debug('nobody wants to know');
        signals.emit('SIGTERM', 'SIGTERM');
        await untilStopped(signal);
        log.error('The login could not be stored.', { error: new AppError('DISK_FULL', 'No room.') });
        onEvent(stop);
      },
      { io: { signals } },
    );
    expect(lines).toEqual([
      { level: 'info', time, at: time, ...start },
      { level: 'warn', time, instanceUrl, runId: 'r', msg: 'the list of deletes was dropped' },
      { level: 'info', time, msg: expect.stringMatching(/^Stopping on SIGTERM: /) },
      {
        level: 'error',
        time,
        error: { code: 'DISK_FULL', message: 'No room.', hint: null, details: null },
        msg: 'The login could not be stored.',
      },
      { level: 'info', time, at: time, ...stop },
    ]);
    expect([stderr, code]).toEqual(['', 0]);
  });

  test('takes as many messages as text would', async () => {
    const levelsWith = async (...flags: string[]) => {
      const { lines } = await watch(
        ({ log }) => {
          for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]('said');
        },
        { flags },
      );
      return lines.map((line) => (line as { level: string }).level);
    };
    expect(await levelsWith()).toEqual(['warn', 'error']);
    expect(await levelsWith('--quiet')).toEqual(['error']);
    expect(await levelsWith('-v')).toEqual(['info', 'warn', 'error']);
    expect(await levelsWith('-vv')).toEqual(['debug', 'info', 'warn', 'error']);
  });

  test.each([[[]], [['--json']]])('ends with the error as a line, with %j', async (flags) => {
    const thrown = () => {
      throw new AppError('MIRROR_BUSY', 'The mirror is in use.', { details: { pid: 7 } });
    };
    const { lines, stderr, code } = await watch(thrown, { flags });
    const error = {
      code: 'MIRROR_BUSY',
      message: 'The mirror is in use.',
      hint: expect.anything(),
      details: { pid: 7 },
    };
    expect(lines).toEqual([{ level: 'error', time, error, msg: 'The mirror is in use.' }]);
    expect([stderr, code]).toEqual(['', 6]);
    const verbose = await watch(thrown, { flags: [...flags, '--verbose'] });
    expect(verbose.lines).toHaveLength(1);
    expect((verbose.lines[0] as { stack: string[] }).stack.join('\n')).toContain('json-log.test.ts');
  });

  test('says as a warning what waits for somebody', async () => {
    const outbox = { pending: 0, rejected: 0, inDoubt: 0, held: 0, conflicts: 0 };
    const counts = { upserted: 1, deleted: 0, undeleted: 0, pushed: 0, apiCalls: 2, durationMs: 1 };
    const behind = { conflicts: 1, held: 1, inDoubt: 1 };
    const noneBehind = { conflicts: 0, held: 0, inDoubt: 0 };
    const noneLeft = {
      rejected: 0,
      inDoubt: 0,
      conflicts: 0,
      held: 0,
      unsent: 0,
      behind: noneBehind,
      doubts: 0,
    };
    const none = { ...noneLeft, pushError: null };
    const cycle = (of: Partial<CycleCompleteEvent>): WatchEvent => ({
      event: 'cycle:complete',
      instanceUrl,
      outbox,
      coveredUntil: null,
      runId: 'r',
      ...counts,
      ...none,
      ...of,
    });
    const error = { code: 'ORG_BUSY', message: 'no', hint: null, details: null } as const;
    const told: WatchEvent[] = [
      cycle({}),
      cycle({ rejected: 1 }),
      cycle({ inDoubt: 1 }),
      cycle({ conflicts: 1 }),
      cycle({ held: 1 }),
      cycle({ unsent: 1 }),
      cycle({ unsent: 4, behind }),
      // The doubt was told when it came about; what waits behind it waits so in each cycle.
      cycle({ unsent: 3, behind, doubts: 1 }),
      { event: 'cycle:skipped', instanceUrl, error, retryInMs: 1 },
      { event: 'interval:stretched', instanceUrl, intervalMs: 1, stretchedMs: 2 },
      { event: 'interval:restored', instanceUrl, intervalMs: 1 },
      { event: 'reconcile:failed', instanceUrl, error, retryInMs: null },
    ];
    const { lines } = await watch(({ onEvent }) => {
      for (const event of told) onEvent(event);
    });
    expect(lines.map((line) => (line as { level: string }).level)).toEqual([
      'info',
      'warn',
      'warn',
      'warn',
      'warn',
      'warn',
      'warn',
      'info',
      'warn',
      'warn',
      'info',
      'error',
    ]);
  });

  test('keeps each value, however many and deep, and has nothing in it that a terminal acts upon', async () => {
    const orgs = Array.from({ length: 500 }, (_, n) => `https://org${n}.my.salesforce.com`);
    const deep = { a: { b: { c: { d: { e: { f: { g: ['h'] } } } } } } };
    const text = '100%% %s %d \u001b[31m\u202e\u2028\u0085 "quoted" \\ \ud83d\ude00';
    const error = { code: 'SALESFORCE_ERROR', message: text, hint: null, details: deep } as const;
    const { lines, stdout } = await watch(({ onEvent, log }) => {
      onEvent({ ...start, orgs });
      onEvent({ event: 'reconcile:failed', instanceUrl, error, retryInMs: null });
      log.warn('100%% %s %d\nforged\u001b[31m', { said: text });
    });
    expect(lines).toEqual([
      expect.objectContaining({ orgs }),
      expect.objectContaining({ error }),
      expect.objectContaining({ said: text, msg: '100%% %s %d forged' }),
    ]);
    expect(stdout).toMatch(/^[\n\x20-\x7e\ud83d\ude00]*$/u);
  });

  test('holds no secret', async () => {
    const secret = 'correct horse battery staple';
    const error = {
      code: 'SALESFORCE_ERROR',
      message: `no ${token}`,
      hint: secret,
      details: { token },
    } as const;
    const { stdout, stderr, lines } = await watch(
      ({ onEvent, log }) => {
        onEvent({ event: 'reconcile:failed', instanceUrl, error, retryInMs: null });
        log.warn(`got ${token}`, { answer: [`Bearer ${token}`], error: new Error(`from ${token}`) });
        log.warn(`-----BEGIN PRIVATE KEY----- ${secret}`);
        throw new AppError('SALESFORCE_ERROR', `thrown ${token}`, { hint: secret });
      },
      { env: { PARAHACK_SYNC_CLIENT_SECRET: secret }, flags: ['-vv'] },
    );
    expect(lines).toHaveLength(4);
    for (const line of stdout.trimEnd().split('\n')) expect(line).toContain('[hidden]');
    expect(stdout + stderr).not.toContain('AQEAQKx9');
    expect(stdout + stderr).not.toContain('horse');
  });
});

describe('a JSON log that cannot be written', () => {
  test.each([
    ['an event', ({ onEvent }: Watch) => onEvent(start)],
    ['a message', ({ log }: Watch) => log.warn('said')],
  ])('ends the watch, be it %s, with the error on stderr', async (_what, say) => {
    const { code, stderr } = await watch(
      async (parts) => {
        say(parts);
        await untilStopped(parts.signal);
      },
      { io: { stdout: failing('ENOSPC') } },
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: The output could not be written: there is no room left/m);
  });

  test('is an error also where its last line is the first to fail', async () => {
    const stdout = failing('ENOSPC');
    for (const flags of [['--log-format', 'json'], ['--json'], []]) {
      const { app } = fakeApp({
        watch: async (_options, { onEvent }) => {
          onEvent(stop);
          return fine;
        },
      });
      const { code, stderr } = await runMain(['watch', ...flags], { app, io: { stdout } });
      expect(code).toBe(1);
      expect(stderr).toContain('Error: The output could not be written');
    }
  });

  test('leaves its messages to stderr', async () => {
    const { stderr } = await watch(
      async ({ onEvent, log, signal }) => {
        onEvent(start);
        await untilStopped(signal);
        log.warn('this must be known', { runId: 'r' });
      },
      { io: { stdout: failing('ENOSPC') } },
    );
    expect(stderr).toContain('Warning: this must be known runId=r\n');
  });

  test('because its reader has gone ends quietly, but for what must be known', async () => {
    const { code, stderr } = await watch(
      async ({ onEvent, log, signal }) => {
        onEvent(start);
        await untilStopped(signal);
        onEvent(stop);
        log.warn('this must be known');
      },
      { io: { stdout: failing('EPIPE') } },
    );
    expect([code, stderr]).toEqual([0, 'Warning: this must be known\n']);
  });
});
