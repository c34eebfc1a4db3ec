import { describe, expect, it } from 'vitest';
import { takeOrgLease } from '../../src/usecases/org-lease.ts';
import { reconcileOrgs } from '../../src/usecases/reconcile.ts';
import { openWatchedOrg } from '../../src/usecases/watched-org.ts';
import { orgFor } from '../orgs/org-for.ts';
import { calm, copied, loginNeeded, partsOf } from './parts.ts';

const a = orgFor('a');
const { signal } = new AbortController();

/** An org that the watch of another process has. */
async function watchedByAnother() {
  const parts = partsOf([a]);
  const { openRemote } = parts;
  const { orgId, userId, username } = a;
  parts.openRemote = async (session) => ({
    ...(await openRemote(session)),
    identity: async () => ({ orgId, userId, username }),
  });
  await copied(parts, a.instanceUrl);
  const lease = await takeOrgLease(parts, a.instanceUrl, 'watch');
  const { journal } = parts.mirrors.of(a.instanceUrl);
  const leave = (dryRun: boolean, force = false) =>
    reconcileOrgs(parts, { orgs: [], dryRun, force, wait: false }, calm());
  return { parts, lease, journal, leave };
}

describe.each([
  { first: true, behind: false },
  { first: false, behind: true },
])(
  'a reconcile that is left to a watch (dry run: $behind) while another (dry run: $first) is to be made',
  (kinds) => {
    it.each(['waiting', 'under-way'] as const)('is made behind that one, which is %s', async (state) => {
      const { lease, journal, leave } = await watchedByAnother();
      await using _held = lease;
      await leave(kinds.first);
      const first = (await journal.askedReconcile())!;
      await journal.noteAsked({ ...first, state });

      expect((await leave(kinds.behind)).orgs).toMatchObject([{ status: 'queued', dryRun: kinds.behind }]);
      expect((await leave(kinds.behind, true)).orgs).toMatchObject([{ status: 'queued' }]);
      expect(await journal.askedReconcile()).toMatchObject({ id: first.id, state });

      await journal.noteAsked({ ...first, state: 'ended', runId: 'r1' });
      // Joined by whoever came last, with force.
      const next = { dryRun: kinds.behind, force: true, state: 'waiting' };
      expect(await journal.askedReconcile()).toMatchObject(next);
      // Who follows the first one sees its end all the same.
      expect(await journal.askedReconcile({ dryRun: kinds.first })).toMatchObject({
        state: 'ended',
        runId: 'r1',
      });
    });
  },
);

it('a watch makes both, one after the other', async () => {
  const { parts, lease, journal, leave } = await watchedByAnother();
  await leave(true);
  await leave(false);
  await lease.release();
  const care = {
    options: { push: true, once: false, intervalMs: 300_000, reconcileEveryMs: null },
    signal,
    tell: () => {},
  };
  await using watched = await openWatchedOrg(parts, a, care);
  for (const dryRun of [true, false]) {
    expect(await watched.isAsked?.()).toBe(true);
    await (await watched.cycle(signal))?.run(signal);
    expect(await journal.askedReconcile({ dryRun })).toMatchObject({ state: 'ended' });
  }
  expect(await watched.isAsked?.()).toBe(false);
});

it('a watch whose turn fails tells that to whoever has asked for either', async () => {
  const { parts, lease, journal, leave } = await watchedByAnother();
  await leave(true);
  await leave(false);
  await lease.release();
  const told: string[] = [];
  const care = {
    options: { push: true, once: false, intervalMs: 300_000, reconcileEveryMs: null },
    signal,
    tell: ({ event }: { event: string }) => void told.push(event),
  };
  await using watched = await openWatchedOrg(parts, a, care);
  await watched.refuseAsked?.(loginNeeded());
  for (const dryRun of [true, false])
    expect(await journal.askedReconcile({ dryRun })).toMatchObject({
      state: 'ended',
      error: { code: 'LOGIN_REQUIRED' },
    });
  expect(told).toEqual(['reconcile:failed', 'reconcile:failed']);
});
