import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import { openOrgSession } from '../../src/compose/org-access.ts';
import type { WatchEvent } from '../../src/contract/watch.ts';
import type { OrgRecord } from '../../src/orgs/org-record.ts';
import { connectRemote } from '../../src/salesforce/connect-remote.ts';
import type { RemoteOptions } from '../../src/usecases/ports/org-access.ts';
import { watch } from '../../src/usecases/watch.ts';
import { openWire, type Wire } from '../../src/wire/open-wire.ts';
import { type EmulatedOrg, startEmulatedOrg } from '../auth/emulated-org.ts';
import { makeTempFolder } from '../auth/temp-folder.ts';
import { orgFor } from '../orgs/org-for.ts';
import { lockingIn } from '../support/leases.ts';
import { manualClock } from '../support/manual-clock.ts';
import { copied, partsOf } from './parts.ts';

const second = 1_000;
const minute = 60 * second;
/** For so long the watch sleeps beside each turn, before it looks how that goes. */
const lookMs = 500;

let temp: ReturnType<typeof makeTempFolder>;
let emulated: EmulatedOrg;
let wire: Wire;
let clock: ReturnType<typeof manualClock>;

beforeEach(async () => {
  temp = makeTempFolder();
  clock = manualClock(Date.now());
  emulated = await startEmulatedOrg({ wallClock: () => clock.now() });
  wire = openWire();
});
afterEach(async () => {
  await wire.close();
  await emulated[Symbol.asyncDispose]();
  temp[Symbol.dispose]();
});

interface Watched {
  events: WatchEvent[];
  pass(ms: number): Promise<void>;
  /** Requests of the API and of the token endpoint so far. */
  asked(): Promise<number>;
  /** Another login of the same user. */
  loginAgain(): Promise<void>;
}

/** A watch in manual time whose session, client and org are real, from its first good cycle on. */
async function watching(during: (watched: Watched) => Promise<void>): Promise<void> {
  const credential = await emulated.login();
  const { instanceUrl, orgId, userId, username } = credential;
  const org: OrgRecord = { ...orgFor('a'), instanceUrl, apiUrl: instanceUrl, orgId, userId, username };
  const parts = partsOf([org]);
  await parts.credentials.set(credential);
  await copied(parts, instanceUrl, clock.now() - 5 * minute);
  let looks = 0;
  const sleep: typeof clock.sleep = (ms, options) => {
    if (ms !== lookMs) return clock.sleep(ms, options);
    looks++;
    return clock.sleep(ms, options).finally(() => {
      looks--;
    });
  };
  const services = {
    ...parts,
    clock: { ...clock, sleep },
    openSession: (asked: OrgRecord, { signal }: { signal: AbortSignal }) =>
      openOrgSession(
        {
          ...parts,
          config: { processOrg: null, apiVersion: '62.0', stopBudgetMs: minute },
          withCredentialLock: lockingIn(temp.path),
          wire,
          clock,
        },
        asked,
        signal,
      ),
    openRemote: async (session: Parameters<typeof parts.openRemote>[0], { budget }: RemoteOptions = {}) =>
      connectRemote({
        ...{ session: session as never, apiVersion: '62.0', wire, clock, wallMs: () => clock.now() },
        gate: budget && {
          before: (kind, options) => budget.before(kind, options),
          after: (usage, call) => budget.after(usage, call),
        },
      }),
  };
  const events: WatchEvent[] = [];
  const end = new AbortController();
  const running = watch(
    services,
    { orgs: [], intervalMs: 5 * minute, once: false, push: true, reconcileEveryMs: null },
    { signal: end.signal, onEvent: (event) => void events.push(event) },
  );
  const pass = async (ms: number) => {
    const until = clock.now() + ms;
    for (;;) {
      // The time stands still as long as the org is in its turn: it sleeps beside the look at the list and at idle logins.
      while (clock.sleeping().length - looks < 3) await delay(1);
      if (clock.now() >= until) return;
      clock.advance(Math.max(1, Math.min(until - clock.now(), ...clock.sleeping())));
    }
  };
  try {
    await pass(second);
    expect(events.at(-1)).toMatchObject({ event: 'cycle:complete' });
    await during({
      events,
      pass,
      asked: async () => (await emulated.calls()).length,
      loginAgain: async () => {
        await parts.credentials.set({ ...(await emulated.login()), issuedAt: clock.now() } as Credential);
      },
    });
  } finally {
    end.abort();
    await running;
  }
}

const expired = { status: 403, errorCode: 'INVALID_OPERATION_WITH_EXPIRED_PASSWORD' };
const api = '/services/data/';
const ended = { match: api, times: 10_000, status: 401, errorCode: 'INVALID_SESSION_ID' };

describe('an org whose session is refused', () => {
  it.each([
    ['with an expired password by the API', [{ match: api, times: 10_000, ...expired }]],
    [
      'with a locked password by the API',
      [{ match: api, times: 10_000, status: 403, errorCode: 'PASSWORD_LOCKOUT' }],
    ],
    [
      'with an expired password by the token endpoint',
      [ended, { match: '/services/oauth2/token', times: 10_000, ...expired }],
    ],
    ['again with each renewed token', [ended]],
  ])(
    '%s asks for a login, is left alone for longer each time, and goes on at once after one',
    async (_how, faults) => {
      await watching(async ({ events, pass, asked, loginAgain }) => {
        await emulated.control('faults', faults);
        const before = await asked();
        await pass(70 * minute);
        const failures = () => events.filter((event) => event.event === 'cycle:failed');
        // On to just behind the next failure, so that no turn is due where nothing is to happen.
        for (const { length } = failures(); failures().length === length; ) await pass(second);
        const failed = failures();
        expect(failed.map(({ error }) => error.code)).toEqual(failed.map(() => 'LOGIN_REQUIRED'));
        // Whoever mends it in Salesforce needs no login here.
        expect(failed[0]).toMatchObject({ retryInMs: expect.any(Number), endsWatch: false });
        expect(failed.length).toBeGreaterThan(1);
        expect(failed.length).toBeLessThanOrEqual(7);
        // A request, its renewal and the repeat at most.
        expect((await asked()) - before).toBeLessThanOrEqual(3 * failed.length);

        await emulated.control('faults', []);
        const told = events.length;
        await pass(16 * second);
        expect(events).toHaveLength(told);
        await loginAgain();
        await pass(16 * second);
        expect(events.slice(told).map(({ event }) => event)).toContain('cycle:complete');
      });
    },
  );
});
