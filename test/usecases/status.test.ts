import { describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import { AppError } from '../../src/base/errors.ts';
import type { Effect } from '../../src/sync/ports/effect.ts';
import { newReconcileState } from '../../src/sync/reconcile/reconcile-state.ts';
import { RunRecorder } from '../../src/sync/run-recorder.ts';
import { takeOrgLease, watchLeaseName } from '../../src/usecases/org-lease.ts';
import { status } from '../../src/usecases/status.ts';
import { orgFor } from '../orgs/org-for.ts';
import { heldLease } from '../support/leases.ts';
import { copied, partsOf, quietOrg } from './parts.ts';

const a = orgFor('a', { alias: 'prod' });
const b = orgFor('b');
const dayMs = 86_400_000;

const loggedIn = (instanceUrl: string) =>
  ({ instanceUrl, grant: 'refresh-token', refused: null }) as Credential;

describe('status', () => {
  it('tells of an org without a mirror what is known, and makes none', async () => {
    const parts = partsOf([a]);
    const { orgs, watch } = await status(parts, { org: null });
    expect(orgs).toEqual([
      expect.objectContaining({
        alias: 'prod',
        auth: 'login-needed',
        database: null,
        contacts: null,
        coveredUntil: null,
        lagSeconds: null,
        error: null,
      }),
    ]);
    expect(watch).toEqual({ running: false, pid: null, since: null });
    expect(await parts.mirrors.exists(a.instanceUrl)).toBe(false);
  });

  it('is covered until the smaller cursor', async () => {
    const parts = partsOf([a]);
    await parts.credentials.set(loggedIn(a.instanceUrl));
    const now = Date.now();
    const effects = [{ kind: 'set-first-cursors', updated: now - 5_000, deleted: now - 90_000 } as const];
    await (await parts.mirrors.of(a.instanceUrl).under(heldLease())).commit({ effects });
    const clock = { now: () => now };
    const [item] = (await status({ ...parts, clock }, { org: null })).orgs;
    expect(item).toMatchObject({
      auth: 'ok',
      coveredUntil: new Date(now - 90_000).toISOString(),
      lagSeconds: 90,
    });
  });

  it('tells when the mirror last agreed with its org: as of its first copy or reconcile, and of no other user’s', async () => {
    const parts = partsOf([a]);
    const at = Date.now() - 3_600_000;
    const mirror = await parts.mirrors.of(a.instanceUrl).under(heldLease());
    const agreedAt = async () => (await status(parts, { org: null })).orgs[0]!.agreedAt;
    expect(await agreedAt()).toBeNull();
    await mirror.setIdentity({ orgId: a.orgId, userId: a.userId, instanceUrl: a.instanceUrl });
    await mirror.commit({ effects: [{ kind: 'set-first-cursors', updated: at, deleted: at }] });
    expect(await agreedAt()).toBe(new Date(at).toISOString());
    // Cycles bring what changes, and compare nothing.
    await mirror.commit({ effects: [{ kind: 'move-cursors', to: { updated: at + 60_000 } }] });
    expect(await agreedAt()).toBe(new Date(at).toISOString());
    await mirror.setIdentity({ orgId: a.orgId, userId: '005000000000009AAA', instanceUrl: a.instanceUrl });
    expect(await agreedAt()).toBeNull();
  });

  it('counts no reconcile as agreement that has kept rows, whatever a dry run says since', async () => {
    const parts = partsOf([a]);
    const mirror = await parts.mirrors.of(a.instanceUrl).under(heldLease());
    const agreedAt = async () => (await status(parts, { org: null })).orgs[0]!.agreedAt;
    await mirror.setIdentity({ orgId: a.orgId, userId: a.userId, instanceUrl: a.instanceUrl });
    const first = Date.now() - 3_600_000;
    await mirror.commit({ effects: [{ kind: 'set-first-cursors', updated: first, deleted: first }] });
    const reconciled = async (t0: number, held: number, dryRun: boolean) => {
      const { userId } = a;
      const state = newReconcileState({
        ...{ cause: 'asked', why: 'it was asked for', dryRun, userId, t0, begunAt: t0 },
        ...{ api: 'rest', total: 300, live: 420, requestId: null },
      });
      const runId = await mirror.journal.startRun('reconcile', t0, state);
      const outcome = { finishedAt: t0, apiCalls: 3, error: null, counts: { held } };
      const end: Effect = { kind: 'end-run', runId, outcome: { status: 'complete', ...outcome } };
      const agree: Effect = {
        kind: 'complete-reconcile',
        unheardUntil: 0,
        isHolding: false,
        t0,
        beyond: t0 + 86_400_000,
        userId,
      };
      await mirror.commit({ effects: dryRun ? [end] : [agree, end] });
    };
    await reconciled(first + 60_000, 120, false);
    expect(await agreedAt()).toBeNull();
    // One that would hold nothing, as `--force` was said.
    await reconciled(first + 120_000, 0, true);
    const [item] = (await status(parts, { org: null })).orgs;
    expect(item).toMatchObject({ agreedAt: null, lastReconcile: { counts: { held: 120 } } });
    await reconciled(first + 180_000, 0, false);
    expect(await agreedAt()).toBe(new Date(first + 180_000).toISOString());
    // A dry run says what would be, and the mirror is as it was.
    await reconciled(first + 240_000, 120, true);
    expect(await agreedAt()).toBe(new Date(first + 180_000).toISOString());
  });

  it.each([
    ['behind many dry runs', 1, 120],
    ['after more than thirty days', 36, 0],
  ])('counts no reconcile as agreement that has kept rows, %s too', async (_, daysAgo, dryRuns) => {
    const parts = partsOf([a]);
    const mirror = await parts.mirrors.of(a.instanceUrl).under(heldLease());
    await mirror.setIdentity({ orgId: a.orgId, userId: a.userId, instanceUrl: a.instanceUrl });
    const t0 = Date.now() - daysAgo * dayMs;
    const remote = quietOrg(a);
    const begin = (dryRun: boolean, at: number) => {
      const state = newReconcileState({
        ...{ cause: 'asked', why: 'it was asked for', dryRun, userId: a.userId, t0, begunAt: t0 },
        ...{ api: 'rest', total: 300, live: 420, requestId: null },
      });
      const clock = { ...parts.clock, now: () => at };
      return RunRecorder.start({ ...parts, mirror, remote, clock }, 'reconcile', state);
    };
    const held = await begin(false, t0);
    held.count('held', 120);
    const told = { unheardUntil: 0, isHolding: true, beyond: Date.now() + dayMs, userId: a.userId };
    await held.end([{ kind: 'complete-reconcile', t0, ...told }]);
    for (let n = 0; n < dryRuns; n++) await (await begin(true, t0 + n)).end();
    for (let n = 0; n < 3; n++)
      await (await RunRecorder.start({ ...parts, mirror, remote }, 'cycle', {})).end();
    const [item] = (await status(parts, { org: null })).orgs;
    expect(item).toMatchObject({ agreedAt: null, lastReconcile: { id: held.id, counts: { held: 120 } } });
  });

  it('shows the last copy and the last cycle, however long ago they were', async () => {
    const parts = partsOf([a]);
    const mirror = await parts.mirrors.of(a.instanceUrl).under(heldLease());
    const context = { ...parts, mirror, remote: quietOrg(a) };
    const then = { ...context, clock: { ...parts.clock, now: () => Date.now() - 400 * dayMs } };
    const copy = await RunRecorder.start(then, 'backfill', {});
    await copy.end();
    const cycle = await RunRecorder.start(then, 'cycle', {});
    await cycle.end();
    await (await RunRecorder.start(context, 'push', {})).end();
    const [item] = (await status(parts, { org: null })).orgs;
    expect(item).toMatchObject({
      lastBackfill: { id: copy.id, status: 'complete' },
      lastCycle: { id: cycle.id, status: 'complete' },
    });
  });

  it('shows the last complete reconcile with what it holds, until another has come to its end', async () => {
    const parts = partsOf([a]);
    const mirror = await parts.mirrors.of(a.instanceUrl).under(heldLease());
    const lastReconcile = async () => (await status(parts, { org: null })).orgs[0]!.lastReconcile;
    const at = Date.now() - 60_000;
    const end = async (runId: string, status: 'complete' | 'failed', held: number) => {
      const outcome = { status, finishedAt: at + 1_000, apiCalls: 3, error: null, counts: { held } };
      await mirror.commit({ effects: [{ kind: 'end-run', runId, outcome }] });
    };
    const first = await mirror.journal.startRun('reconcile', at, {});
    expect(await lastReconcile()).toBeNull();
    await end(first, 'complete', 120);
    await end(await mirror.journal.startRun('reconcile', at + 2_000, {}), 'failed', 0);
    expect(await lastReconcile()).toMatchObject({ id: first, status: 'complete', counts: { held: 120 } });
    await end(await mirror.journal.startRun('reconcile', at + 3_000, {}), 'complete', 0);
    expect((await lastReconcile())?.counts).toEqual({});
  });

  it('names no lag where the cursor lies so far ahead that a clock must be wrong', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl, Date.now() + 86_400_000);
    const [item] = (await status(parts, { org: null })).orgs;
    expect(item?.coveredUntil).not.toBeNull();
    expect(item?.lagSeconds).toBeNull();
  });

  it('tells the others where one mirror cannot be read, and nothing invented of that one', async () => {
    const parts = partsOf([a, b]);
    await copied(parts, a.instanceUrl);
    await copied(parts, b.instanceUrl);
    const broken = parts.mirrors.of(a.instanceUrl).contacts;
    Object.assign(broken, {
      counts: () => Promise.reject(new AppError('MIRROR_CORRUPT', 'The mirror is damaged.')),
    });
    const { orgs } = await status(parts, { org: null });
    expect(orgs[0]).toMatchObject({
      contacts: null,
      outbox: { pending: null, rejected: null, inDoubt: null, held: null, conflicts: null },
      error: { code: 'MIRROR_CORRUPT' },
    });
    expect(orgs[1]).toMatchObject({ contacts: 0, outbox: { pending: 0 }, error: null });
  });

  it('counts what was sent without an answer yet as in doubt', async () => {
    const parts = partsOf([a]);
    const { outbox } = parts.mirrors.of(a.instanceUrl);
    Object.assign(outbox, {
      counts: async () => ({
        pending: 1,
        sent: 2,
        'in-doubt': 3,
        rejected: 4,
        held: 5,
        conflict: 6,
        done: 7,
        dropped: 8,
      }),
    });
    const [item] = (await status(parts, { org: null })).orgs;
    expect(item?.outbox).toEqual({ pending: 1, rejected: 4, inDoubt: 5, held: 5, conflicts: 6 });
  });

  it('calls a cycle running only while somebody works on the org', async () => {
    const parts = partsOf([a]);
    const mirror = parts.mirrors.of(a.instanceUrl);
    await mirror.journal.startRun('cycle', Date.now(), {});
    const told = async () => (await status(parts, { org: 'prod' })).orgs[0]?.lastCycle?.status;
    {
      await using _held = await takeOrgLease(parts, a.instanceUrl, 'watch');
      expect(await told()).toBe('running');
    }
    expect(await told()).toBe('interrupted');
  });

  it('says who watches', async () => {
    const parts = partsOf([a]);
    await using _running = await parts.leases.take(watchLeaseName);
    const { watch } = await status(parts, { org: null });
    expect(watch).toEqual({
      running: true,
      pid: process.pid,
      since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });
});
