import { expect, it } from 'vitest';
import type { ReportedUsage } from '../../src/sync/ports/call-ledger.ts';
import { openWatchedOrg } from '../../src/usecases/watched-org.ts';
import { orgFor } from '../orgs/org-for.ts';
import { copied, partsOf } from './parts.ts';

const org = orgFor('acme');
const options = { push: true, once: false, intervalMs: 300_000, reconcileEveryMs: null };

/** A watched org in a turn, whose first answer has not come. */
async function answering() {
  const asked = Promise.withResolvers<void>();
  // Describe is answered (parts' own), what follows waits.
  const updated = (options?: { signal?: AbortSignal }) => {
    asked.resolve();
    return new Promise<never>((_, reject) =>
      options?.signal?.addEventListener('abort', () => reject(options.signal?.reason)),
    );
  };
  const parts = partsOf([org], {
    [org.instanceUrl]: {
      records: {
        changes: {
          updated: (_window: unknown, o?: { signal?: AbortSignal }) => updated(o),
          deleted: async () => Promise.reject(new Error('not asked')),
        } as never,
      },
    },
  });
  const time = { wall: Date.now(), mono: 0 };
  const clock = { ...parts.clock, now: () => time.wall, monotonicMs: () => time.mono };
  const { openRemote } = parts;
  const told = { usage: null as ReportedUsage | null };
  parts.openRemote = async (session) => {
    const remote = await openRemote(session);
    return { ...remote, usage: { ...remote.usage, reported: () => told.usage } };
  };
  await copied(parts, org.instanceUrl);
  const care = { options, signal: new AbortController().signal, tell: () => {} };
  const watched = await openWatchedOrg({ ...parts, clock }, org, care);
  const end = new AbortController();
  const cycle = watched.cycle(end.signal);
  await asked.promise;
  return { watched, time, told, end, cycle };
}

it('an org that has answered is not silent where this clock was set back in its turn', async () => {
  const { watched, time, told, end, cycle } = await answering();
  time.wall -= 3_600_000;
  time.mono += 9_000;
  const before = watched.silentForMs();
  told.usage = { used: 1, max: 1_000, at: time.wall, app: null };
  const silent = watched.silentForMs();
  end.abort();
  await cycle.catch(() => {});
  await watched[Symbol.asyncDispose]();
  expect([before, silent]).toEqual([9_000, 0]);
});
