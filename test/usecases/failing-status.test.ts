import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import type { WatchEvent } from '../../src/contract/watch.ts';
import { status } from '../../src/usecases/status.ts';
import { watch } from '../../src/usecases/watch.ts';
import { orgFor } from '../orgs/org-for.ts';
import { heldLease } from '../support/leases.ts';
import { calm, copied, loginNeeded, type Parts, partsOf } from './parts.ts';

const a = orgFor('a');
const b = orgFor('b');
const options = { orgs: [], intervalMs: 60_000, once: false, push: true, reconcileEveryMs: null };
const failingOf = async (parts: Parts) => (await status(parts, { org: null })).orgs[0]!.failing;

/** Watches until `until` is true of an event, and answers what status said right then. */
async function toldAt(parts: Parts, until: (event: WatchEvent) => boolean) {
  const end = new AbortController();
  const told: ReturnType<typeof failingOf>[] = [];
  await watch(parts, options, {
    signal: AbortSignal.any([end.signal, AbortSignal.timeout(90_000)]),
    onEvent(event) {
      if (told.length > 0 || !until(event)) return;
      told.push(failingOf(parts).finally(() => end.abort()));
    },
  });
  return await told[0]!;
}

const failedTimes = (n: number) => (event: WatchEvent) =>
  event.event === 'cycle:failed' && event.failures === n;
const unreachable = () =>
  new AppError('NETWORK_UNREACHABLE', 'No way there.', { hint: 'Look at the proxy.' });

describe('an org that a watch fails with', () => {
  it.each([
    ['NETWORK_UNREACHABLE', unreachable],
    ['ORG_UNAVAILABLE', () => new AppError('ORG_UNAVAILABLE', 'Down for maintenance.')],
    ['DISK_FULL', () => new AppError('DISK_FULL', 'There is no room left.')],
  ])('is told by status with why, since when and when it is tried again: %s', async (code, session) => {
    const parts = partsOf([a], { [a.instanceUrl]: { session } });
    await copied(parts, a.instanceUrl);
    const before = Date.now();
    const failing = await toldAt(parts, failedTimes(3));
    expect(failing).toMatchObject({ code, message: session().message });
    expect(failing!.failures).toBeGreaterThanOrEqual(3);
    const [since, lastAt, retryAt] = [failing!.since, failing!.lastAt, failing!.retryAt!].map(Date.parse);
    expect(since).toBeGreaterThanOrEqual(before);
    expect(lastAt).toBeGreaterThanOrEqual(since!);
    expect(retryAt).toBeGreaterThan(lastAt!);
  });

  it('that needs a login is tried again by nothing but that', async () => {
    const parts = partsOf([a], { [a.instanceUrl]: { session: loginNeeded } });
    await copied(parts, a.instanceUrl);
    expect(await toldAt(parts, failedTimes(1))).toMatchObject({
      code: 'LOGIN_REQUIRED',
      failures: 1,
      retryAt: null,
    });
  });

  it('is told beside one that goes well, of which nothing is written after its first cycle', async () => {
    const parts = partsOf([b]);
    await copied(parts, b.instanceUrl);
    let cycles = 0;
    expect(await toldAt(parts, (event) => event.event === 'cycle:complete' && ++cycles === 5)).toBeNull();
    expect(parts.failureNotes.writes).toBe(1);
  });

  it('is told no more from its next good cycle on, be it of another watch', async () => {
    let session = unreachable as () => AppError | null;
    const parts = partsOf([a], { [a.instanceUrl]: { session: () => session() } });
    await copied(parts, a.instanceUrl);
    await watch(parts, { ...options, once: true }, calm());
    expect(await failingOf(parts)).toMatchObject({ code: 'NETWORK_UNREACHABLE' });
    session = () => null;
    await watch(parts, { ...options, once: true }, calm());
    expect(await failingOf(parts)).toBeNull();
  });

  describe('by a watch that has ended', () => {
    const left = async (of = a) => {
      const parts = partsOf([of], { [of.instanceUrl]: { session: unreachable } });
      await copied(parts, of.instanceUrl);
      await toldAt(parts, failedTimes(2));
      return parts;
    };

    it('is told still, but not that it is tried again, though another watch runs', async () => {
      const parts = await left();
      expect(await failingOf(parts)).toMatchObject({ code: 'NETWORK_UNREACHABLE', retryAt: null });
      await new Promise((resolve) => setTimeout(resolve, 2));
      await using _other = await parts.leases.take('watch');
      expect(await failingOf(parts)).toMatchObject({ code: 'NETWORK_UNREACHABLE', retryAt: null });
    });

    it.each([
      ['complete', null],
      ['failed', expect.objectContaining({ code: 'NETWORK_UNREACHABLE' })],
    ] as const)('is over where a run was %s since', async (outcome, failing) => {
      const parts = await left();
      const mirror = await parts.mirrors.of(a.instanceUrl).under(heldLease());
      const runId = await mirror.journal.startRun('backfill', Date.now(), {});
      const ended = { status: outcome, finishedAt: Date.now() + 1_000, apiCalls: 3, error: null, counts: {} };
      await mirror.commit({ effects: [{ kind: 'end-run', runId, outcome: ended }] });
      expect(await failingOf(parts)).toEqual(failing);
    });

    it('is over with the next login', async () => {
      const parts = await left();
      const later = partsOf([{ ...a, lastLoginAt: Date.now() + 1_000 }]);
      expect(
        (await status({ ...later, failureNotes: parts.failureNotes }, { org: null })).orgs[0]!.failing,
      ).toBeNull();
    });
  });
});
