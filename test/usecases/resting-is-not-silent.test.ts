import { expect, it } from 'vitest';
import { ledgerIdOf } from '../../src/sync/budget/ledger-id.ts';
import type { RemoteOptions } from '../../src/usecases/ports/org-access.ts';
import { openWatchedOrg } from '../../src/usecases/watched-org.ts';
import { orgFor } from '../orgs/org-for.ts';
import { manualClock } from '../support/manual-clock.ts';
import { copied, partsOf } from './parts.ts';

const org = orgFor('acme');
const options = { push: true, once: false, intervalMs: 300_000, reconcileEveryMs: null };

it('an org that has asked for rest is not silent while it is left alone, and counts from its end on', async () => {
  let budget: RemoteOptions['budget'];
  const asked = Promise.withResolvers<void>();
  const updated = async (_window: unknown, given: { signal: AbortSignal }) => {
    const allowed = budget!.before('pull', given);
    asked.resolve();
    await allowed;
    return new Promise<never>((_, reject) =>
      given.signal.addEventListener('abort', () => reject(given.signal.reason)),
    );
  };
  const deleted = async () => Promise.reject(new Error('not asked'));
  const parts = partsOf([org], {
    [org.instanceUrl]: { records: { changes: { updated, deleted } as never } },
  });
  const clock = manualClock(Date.now());
  const { openRemote } = parts;
  const opening = async (session: Parameters<typeof openRemote>[0], given: RemoteOptions = {}) => {
    budget = given.budget;
    const remote = await openRemote(session);
    return { ...remote, usage: { ...remote.usage, reported: () => null } };
  };
  await copied(parts, org.instanceUrl);
  await parts.calls.holdBack(ledgerIdOf(org.orgId), 'pull', clock.now() + 40_000);
  const care = { options, signal: new AbortController().signal, tell: () => {} };
  const watched = await openWatchedOrg({ ...parts, openRemote: opening, clock }, org, care);
  const end = new AbortController();
  const cycle = watched.cycle(end.signal).catch(() => {});
  await asked.promise;
  while (clock.sleeping().length === 0) await new Promise(setImmediate);
  clock.advance(39_000);
  const resting = watched.silentForMs();
  clock.advance(1_000);
  while (clock.sleeping().length > 0) await new Promise(setImmediate);
  for (let n = 0; n < 20; n++) await new Promise(setImmediate);
  clock.advance(5_000);
  const after = watched.silentForMs();
  end.abort();
  await cycle;
  await watched[Symbol.asyncDispose]();
  expect([resting, after]).toEqual([0, 6_000]);
});
