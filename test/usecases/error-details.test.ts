import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import type { WatchEvent } from '../../src/contract/watch.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { reconcileOrgs } from '../../src/usecases/reconcile.ts';
import { watch } from '../../src/usecases/watch.ts';
import { openWatchedOrg } from '../../src/usecases/watched-org.ts';
import { orgFor } from '../orgs/org-for.ts';
import { manualClock } from '../support/manual-clock.ts';
import { calm, copied, partsOf } from './parts.ts';

const minute = 60_000;
const stepMs = 10_000;
const a = orgFor('a');
const details = { limit: 'daily', retryAfterMs: 120 * minute };
const code = 'REQUEST_LIMIT_EXCEEDED';

/** An org that refuses to count its contacts, with which a copy and a comparison begin. */
function refusing(when: (n: number) => boolean = () => true) {
  let asked = 0;
  const count = async () => {
    if (!when(asked++)) return 0;
    throw new AppError(code, 'Used up.', { details: { limit: 'daily', retryAfterMs: 120 * minute } });
  };
  const parts = partsOf([a], { [a.instanceUrl]: { records: { count } } });
  const { openRemote } = parts;
  const { orgId, userId, username } = a;
  parts.openRemote = async (session) => ({
    ...(await openRemote(session)),
    identity: async () => ({ orgId, userId, username }),
  });
  return { parts, asked: () => asked };
}

/** Lets all happen that needs no time. */
const settle = async () => {
  for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
};

const reconcileOptions = { orgs: [], dryRun: true, force: false, wait: true };

describe('a watch whose org refuses its first copy', () => {
  it('tells the error with its details, and comes back no earlier than it was asked to', async () => {
    const { parts, asked } = refusing((n) => n === 0);
    const clock = manualClock(Date.now());
    const events: WatchEvent[] = [];
    const end = new AbortController();
    const running = watch(
      { ...parts, clock },
      { orgs: [], intervalMs: 5 * minute, once: false, push: true, reconcileEveryMs: null },
      { signal: end.signal, onEvent: (event) => events.push(event) },
    );
    const pass = async (minutes: number) => {
      // In steps that no watch takes for a standstill of the machine.
      for (let left = minutes * minute; left > 0; left -= stepMs) {
        clock.advance(stepMs);
        await settle();
      }
    };
    await settle();
    await pass(115);
    const triedWithin = asked();
    await pass(20);
    end.abort();
    await running;

    expect(events.find(({ event }) => event === 'cycle:failed')).toMatchObject({ error: { code, details } });
    expect(triedWithin).toBe(1);
    expect(events.some(({ event }) => event === 'backfill:complete')).toBe(true);
  });
});

describe('the error of a command has the details of what it failed with', () => {
  it('of a backfill', async () => {
    const { parts } = refusing();
    const options = {
      all: false,
      api: 'auto',
      concurrency: null,
      fresh: false,
      force: false,
      fields: null,
    } as const;
    const { orgs } = await backfillOrgs(parts, { orgs: [], ...options }, calm());
    expect(orgs).toMatchObject([{ status: 'failed', error: { code, details } }]);
    expect(orgs[0]).not.toHaveProperty('failure');
  });

  it('of a reconcile', async () => {
    const { parts } = refusing();
    await copied(parts, a.instanceUrl);
    const { orgs } = await reconcileOrgs(parts, reconcileOptions, calm());
    expect(orgs).toMatchObject([{ status: 'failed', error: { code, details } }]);
  });

  it('of a reconcile that a running watch makes', async () => {
    const { parts } = refusing();
    await copied(parts, a.instanceUrl);
    await using watched = await openWatchedOrg(parts, a, {
      options: { intervalMs: 5 * minute, once: false, push: true, reconcileEveryMs: null },
      tell: () => {},
      signal: new AbortController().signal,
    });
    const { journal } = parts.mirrors.of(a.instanceUrl);
    const following = reconcileOrgs(parts, reconcileOptions, calm());
    while ((await journal.askedReconcile()) === null) await settle();
    const work = await watched.cycle(new AbortController().signal);
    await work?.run(new AbortController().signal);

    expect((await following).orgs).toMatchObject([{ status: 'failed', error: { code, details } }]);
  });
});
