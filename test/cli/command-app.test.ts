import { EventEmitter } from 'node:events';
import { expect, expectTypeOf, test } from 'vitest';
import { abortReason } from '../../src/base/abort.ts';
import type { CommandApp } from '../../src/cli/command-app.ts';
import type { CallContext } from '../../src/contract/app.ts';
import type { DoctorResult } from '../../src/contract/doctor.ts';
import type { OrgsResult } from '../../src/contract/orgs.ts';
import type { StatusResult } from '../../src/contract/status.ts';
import type { WatchEvent, WatchOptions, WatchResult } from '../../src/contract/watch.ts';
import { fakeApp } from './support/fake-app.ts';
import { runMain } from './support/run-main.ts';

test('a command gives a call its options, and who is told its events, and no signal', () => {
  expectTypeOf<CommandApp['doctor']>().toEqualTypeOf<() => Promise<DoctorResult>>();
  expectTypeOf<CommandApp['status']>().toEqualTypeOf<
    (options: { org: string | null }) => Promise<StatusResult>
  >();
  expectTypeOf<CommandApp['orgs']['list']>().toEqualTypeOf<() => Promise<OrgsResult>>();
  expectTypeOf<CommandApp['watch']>().toEqualTypeOf<
    (options: WatchOptions, onEvent: (event: WatchEvent) => void) => Promise<WatchResult>
  >();
});

test.each([['doctor'], ['status'], ['orgs'], ['backfill'], ['contacts', 'list']])(
  '%s: a signal is heard by what it has called',
  async (...argv) => {
    const signals = new EventEmitter();
    const untilStopped = ({ signal }: Pick<CallContext, 'signal'>): Promise<never> => {
      expect(signal.aborted).toBe(false);
      signals.emit('SIGTERM', 'SIGTERM');
      return Promise.reject(signal.aborted ? abortReason() : new Error('It does not know of the signal.'));
    };
    const { app } = fakeApp({
      doctor: untilStopped,
      status: (_options, context) => untilStopped(context),
      orgs: { list: untilStopped },
      backfill: (_options, context) => untilStopped(context),
      contacts: { list: (_options, context) => untilStopped(context) },
    });
    const { code, stderr } = await runMain(argv, { app, io: { signals } });
    expect({ code, stderr }).toEqual({ code: 143, stderr: expect.stringContaining('Stopping on SIGTERM') });
  },
);

test('a second signal when the result was told hastens the end, and the exit code stays', async () => {
  const signals = new EventEmitter();
  const exits: number[] = [];
  const { app } = fakeApp({ doctor: async () => ({ checks: [] }) });
  const closing = new Proxy(app, {
    get: (of, name) =>
      name === Symbol.asyncDispose
        ? async () => void ['SIGINT', 'SIGTERM'].map((signal) => signals.emit(signal, signal))
        : Reflect.get(of, name),
  });
  await runMain(['doctor'], { app: closing, io: { signals, exit: (code) => void exits.push(code) } });
  expect(exits).toEqual([0]);
});
