import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { listenForStop } from '../../src/cli/stop-signals.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function listening(budgetMs: number) {
  const signals = new EventEmitter();
  const exits: number[] = [];
  const stop = listenForStop(
    { signals, exit: (code) => void exits.push(code) },
    { onFirst: () => {}, budgetMs: () => budgetMs },
  );
  return { stop, exits, send: (name: string) => signals.emit(name, name) };
}

it.each([
  ['SIGTERM', 143],
  ['SIGHUP', 143],
  ['SIGINT', 130],
])('work that does not end within its budget after %s is ended', (name, code) => {
  const { stop, exits, send } = listening(2_000);
  using _ = stop;
  send(name);
  expect(stop.signal.aborted).toBe(true);
  vi.advanceTimersByTime(6_999);
  expect(exits).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(exits).toEqual([code]);
});

it('work that has ended is not ended again, and a second signal waits for nothing', () => {
  const { stop, exits, send } = listening(2_000);
  send('SIGTERM');
  vi.advanceTimersByTime(301);
  send('SIGTERM');
  expect(exits).toEqual([143]);
  stop[Symbol.dispose]();
  vi.advanceTimersByTime(60_000);
  expect(exits).toEqual([143]);
});

it.each(['SIGINT', 'SIGTERM'])(
  'a result that was told keeps its exit code, whoever hastens the end by %s',
  (name) => {
    const { stop, exits, send } = listening(2_000);
    using _ = stop;
    stop.settle(4);
    send(name);
    expect(exits).toEqual([]);
    vi.advanceTimersByTime(301);
    send(name);
    expect(exits).toEqual([4]);
  },
);

it.each(['SIGINT', 'SIGTERM'])('%s that a wrapper hands on beside the terminal is one signal', (name) => {
  const { stop, exits, send } = listening(2_000);
  using _ = stop;
  send(name);
  send(name);
  vi.advanceTimersByTime(299);
  send(name);
  expect(exits).toEqual([]);
  expect(stop.stoppedBy).toBe(name);
  vi.advanceTimersByTime(2);
  send(name);
  expect(exits).toEqual([name === 'SIGINT' ? 130 : 143]);
});

it('another signal is a second one at once', () => {
  const { stop, exits, send } = listening(2_000);
  using _ = stop;
  send('SIGINT');
  send('SIGTERM');
  expect(exits).toEqual([143]);
});
