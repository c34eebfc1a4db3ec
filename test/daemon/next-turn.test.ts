import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/base/error-codes.ts';
import { AppError } from '../../src/base/errors.ts';
import { nextTurn } from '../../src/daemon/next-turn.ts';

const minute = 60_000;
const timetable = { intervalMs: 5 * minute, random: () => 1 };
const turnAfter = (error: unknown, { tookMs = 0, failures = 0 } = {}) =>
  nextTurn({ error, tookMs, failures }, timetable);
const down = (details?: { retryAfterMs: number }) =>
  new AppError('ORG_UNAVAILABLE', 'maintenance', { details });

describe('the next turn', () => {
  it('is due an interval after the beginning of a good one, at once where that took longer', () => {
    expect(turnAfter(null, { tookMs: minute })).toMatchObject({ kind: 'due', inMs: 4 * minute });
    expect(turnAfter(null, { tookMs: 7 * minute })).toMatchObject({ kind: 'due', inMs: 0 });
  });

  it('tells how many failures a good one has ended, and begins to count anew', () => {
    expect(turnAfter(null, { failures: 3 })).toMatchObject({ recoveredAfter: 3, failures: 0 });
    expect(turnAfter(null)).toMatchObject({ recoveredAfter: 0 });
  });

  it.each([
    [0, 5],
    [1, 10],
    [2, 20],
    [3, 40],
    [4, 40],
    [400, 40],
  ])('comes after %i failures in %i minutes, eight intervals at most', (failures, minutes) => {
    expect(turnAfter(down(), { failures })).toEqual({
      kind: 'failed',
      inMs: minutes * minute,
      failures: failures + 1,
      pushes: false,
    });
  });

  it.each<[string, boolean, object]>([
    ['API_BUDGET_EXHAUSTED', true, { kind: 'pull', retryAfterMs: 86_400_000 }],
    ['API_BUDGET_EXHAUSTED', false, { kind: 'push', retryAfterMs: 86_400_000 }],
    ['PAGE_INCOMPLETE', true, {}],
    ['SALESFORCE_ERROR', true, {}],
    ['SALESFORCE_ERROR', false, { retryAfterMs: 1_000 }],
    ['QUERY_TIMEOUT', true, {}],
    ['TIMEOUT', false, {}],
    ['TIMEOUT', true, { ofRequest: true }],
    ['REQUEST_LIMIT_EXCEEDED', false, {}],
    ['LOGIN_FAILED', false, {}],
    ['MIRROR_CORRUPT', false, {}],
  ])('after %s leaves pushes to go meanwhile: %s (%j)', (code, pushes, details) => {
    const error = new AppError(code as ErrorCode, 'failed', { details });
    expect(turnAfter(error)).toMatchObject({ kind: 'failed', pushes });
    expect(turnAfter(new Error('no word of it'))).toMatchObject({ pushes: false });
  });

  it('is never further off than an hour, unless the interval is', () => {
    const hours = (intervalMs: number) =>
      nextTurn({ error: down(), tookMs: 0, failures: 9 }, { intervalMs, random: () => 1 });
    expect(hours(30 * minute)).toMatchObject({ inMs: 60 * minute });
    expect(hours(120 * minute)).toMatchObject({ inMs: 120 * minute });
  });

  it.each<['unreachable' | 'tls' | 'cut', number, number]>([
    ['unreachable', 10_000, 80_000],
    ['unreachable', minute, 2 * minute],
    ['tls', minute, 2 * minute],
    ['unreachable', 5 * minute, 5 * minute],
    ['cut', minute, 8 * minute],
  ])('after nine failures by %s at an interval of %i ms comes in %i ms', (network, intervalMs, inMs) => {
    const error = new AppError('NETWORK_UNREACHABLE', 'no network', { details: { network } });
    const random = () => 1;
    expect(nextTurn({ error, tookMs: 0, failures: 9 }, { intervalMs, random })).toMatchObject({ inMs });
    // Nor was there a connection where none came about in time.
    const never = new AppError('TIMEOUT', 'no connection', { details: { network } });
    expect(nextTurn({ error: never, tookMs: 0, failures: 9 }, { intervalMs, random })).toMatchObject({
      inMs,
    });
    const late = new AppError('TIMEOUT', 'no answer', { details: {} });
    expect(nextTurn({ error: late, tookMs: 0, failures: 9 }, { intervalMs, random })).toMatchObject({
      inMs: 8 * intervalMs,
    });
  });

  it('waits as long as the org asks, a day at most', () => {
    expect(turnAfter(down({ retryAfterMs: 50 * minute }))).toMatchObject({ inMs: 50 * minute });
    expect(turnAfter(down({ retryAfterMs: 1e12 }))).toMatchObject({ inMs: 1_440 * minute });
  });

  it('counts no failure of the org where another process has it', () => {
    const busy = new AppError('ORG_BUSY', 'taken', { details: null });
    expect(turnAfter(busy, { failures: 2 })).toEqual({ kind: 'skipped', inMs: 5 * minute, failures: 2 });
  });

  it('tells when to try again one that asks for a login, for where its grant is not over', () => {
    expect(turnAfter(new AppError('LOGIN_REQUIRED', 'gone'), { failures: 2 })).toEqual({
      kind: 'until-login',
      inMs: 20 * minute,
      failures: 3,
    });
  });
});
