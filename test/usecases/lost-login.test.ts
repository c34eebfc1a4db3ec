import { expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import { grantRefused, loginRequired } from '../../src/auth/grant/login-required.ts';
import { openMemoryStore } from '../../src/auth/memory-store.ts';
import { needsLogin } from '../../src/auth/oauth-error.ts';
import type { AppError } from '../../src/base/errors.ts';
import type { WatchEvent } from '../../src/contract/watch.ts';
import type { Registry } from '../../src/orgs/registry.ts';
import { lostLogin } from '../../src/usecases/lost-login.ts';
import { watch } from '../../src/usecases/watch.ts';
import { orgFor } from '../orgs/org-for.ts';
import { manualClock } from '../support/manual-clock.ts';
import { copied, partsOf } from './parts.ts';

const org = orgFor('a');
const minute = 60_000;
const settle = async () => {
  for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** How often an org is asked within an hour of a watch whose session ends with `failure`. */
async function triesInAnHour(failure: () => AppError, grant: Credential['grant'], processOrg = false) {
  const parts = partsOf([org], { [org.instanceUrl]: { session: failure } });
  const clock = manualClock(Date.now());
  await parts.credentials.set({ instanceUrl: org.instanceUrl, grant, refused: null } as Credential);
  await copied(parts, org.instanceUrl);
  let tries = 0;
  const { openSession } = parts;
  const end = new AbortController();
  const events: WatchEvent[] = [];
  const running = watch(
    {
      ...parts,
      clock,
      ...(processOrg ? { hasProcessOrg: true, processOrg: async () => ({ ...org, orgId: '' }) } : {}),
      openSession: (asked) => {
        tries++;
        return openSession(asked);
      },
    },
    { orgs: [], intervalMs: 5 * minute, once: false, push: true, reconcileEveryMs: null },
    { signal: end.signal, onEvent: (event) => void events.push(event) },
  );
  await settle();
  for (let i = 0; i < 240; i++) {
    clock.advance(15_000);
    await settle();
  }
  end.abort();
  await running;
  return { tries, events };
}

it.each(['jwt', 'refresh-token', 'client-credentials'] as const)(
  'a %s grant that the org refuses until an admin has approved the app is not offered four times a minute',
  async (grant) => {
    const refusal = {
      error: 'invalid_grant',
      description: "user hasn't approved this consumer",
      status: 400,
      during: 'refresh',
    } as const;
    expect(needsLogin(refusal)).toBe(true);
    const refused = () =>
      grantRefused(
        {
          instanceUrl: org.instanceUrl,
          grant,
          refused: { error: refusal.error, description: refusal.description, at: 0 },
        },
        refusal,
      );
    const { tries, events } = await triesInAnHour(refused, grant);
    // Told as it is: an admin may mend it without a login.
    expect(events.find(({ event }) => event === 'cycle:failed')).toMatchObject({
      retryInMs: expect.any(Number),
    });
    expect(tries).toBeGreaterThan(1);
    expect(tries).toBeLessThanOrEqual(5);
  },
);

it('an access token of the environment that has ended ends the watch, though the org is connected too', async () => {
  const { tries, events } = await triesInAnHour(
    () => loginRequired(org.instanceUrl, { login: { grant: 'access-token' } }),
    'refresh-token',
    true,
  );
  expect(tries).toBe(1);
  expect(events.at(-2)).toMatchObject({ event: 'cycle:failed', retryInMs: null, endsWatch: true });
  expect(events.at(-1)).toMatchObject({ event: 'watch:stop', reason: 'login' });
});

it('a grant that is not over is tried within seconds of another login', async () => {
  const store = openMemoryStore();
  const login = {
    instanceUrl: org.instanceUrl,
    grant: 'refresh-token',
    refused: null,
    issuedAt: 1,
  } as Credential;
  await store.set(login);
  const registry = { get: async () => org } as unknown as Registry;
  const lost = await lostLogin({ credentials: store, registry }, org.instanceUrl);
  expect(lost.isOver).toBe(false);
  expect(await lost.isReplaced()).toBe(false);
  await store.set({ ...login, issuedAt: 2 });
  expect(await lost.isReplaced()).toBe(true);
});
