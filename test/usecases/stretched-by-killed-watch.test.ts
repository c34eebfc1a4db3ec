import { expect, it } from 'vitest';
import { ledgerIdOf } from '../../src/sync/budget/ledger-id.ts';
import { status } from '../../src/usecases/status.ts';
import { openWatchedOrg } from '../../src/usecases/watched-org.ts';
import { orgFor } from '../orgs/org-for.ts';
import { copied, partsOf } from './parts.ts';

const org = orgFor('acme');
const options = { push: true, once: false, intervalMs: 300_000, reconcileEveryMs: null };

it('a stretched interval of a watch that was killed is told no more where the next one keeps its interval', async () => {
  const parts = partsOf([org]);
  await copied(parts, org.instanceUrl);
  const { calls } = parts;
  const id = ledgerIdOf(org.orgId);
  await calls.report(id, { used: 1, max: 100_000, at: Date.now(), app: null });
  // A watch that was killed has left it.
  await calls.saveStretched(id, { intervalMs: 300_000, stretchedMs: 2_400_000, at: Date.now() - 86_400_000 });
  const care = { options, signal: new AbortController().signal, tell: () => {} };
  const watched = await openWatchedOrg(parts, org, care);
  for (let turn = 0; turn < 10; turn++) {
    await watched.cycle(new AbortController().signal);
    await watched.stretchTo!(null);
  }
  const during = (await status(parts, { org: null })).orgs[0]!.api.stretched;
  await watched[Symbol.asyncDispose]();
  const after = (await status(parts, { org: null })).orgs[0]!.api.stretched;
  expect([during, after]).toEqual([null, null]);
});
