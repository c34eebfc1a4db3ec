import { expect, it } from 'vitest';
import type { RemoteOptions } from '../../src/usecases/ports/org-access.ts';
import { openWatchedOrg } from '../../src/usecases/watched-org.ts';
import { orgFor } from '../orgs/org-for.ts';
import { partsOf } from './parts.ts';

const org = orgFor('acme');
const options = { push: true, once: false, intervalMs: 300_000, reconcileEveryMs: null };

/** An org in care whose parts note in `closed` that they are closed, and fail of it where `failing` names them. */
async function inCare(failing: readonly string[] = []) {
  const parts = partsOf([org]);
  const closed: string[] = [];
  const closing = (name: string, close: () => Promise<unknown>) => async () => {
    closed.push(name);
    await close();
    if (failing.includes(name)) throw new Error(name);
  };
  const { calls, leases, mirrors, openSession, openRemote } = parts;
  const open = mirrors.open.bind(mirrors);
  const take = leases.take.bind(leases);
  const report = calls.report.bind(calls);
  calls.report = async (...told) => closing('calls', () => report(...told))();
  leases.take = async (...asked) => {
    const lease = await take(...asked);
    if (lease === null) return null;
    const release = closing('lease', () => lease.release());
    return { ...lease, release, [Symbol.asyncDispose]: release };
  };
  mirrors.open = async (...asked) => {
    const mirror = await open(...asked);
    const dispose = mirror[Symbol.asyncDispose].bind(mirror);
    const close = async () => dispose();
    return Object.assign(mirror, { [Symbol.asyncDispose]: closing('mirror', close) });
  };
  const known = {
    ...parts,
    openSession: async (...asked: Parameters<typeof openSession>) => {
      const session = await openSession(...asked);
      const close = closing('session', () => session.close());
      return { ...session, close, [Symbol.asyncDispose]: close };
    },
    // It has been told how many calls are used, which all processes are to know.
    openRemote: async (session: Parameters<typeof openRemote>[0], { budget }: RemoteOptions = {}) => {
      await budget?.before('pull');
      budget?.after({ used: 1, max: 1_000, at: Date.now(), app: null });
      return openRemote(session);
    },
  };
  const care = { options, signal: new AbortController().signal, tell: () => {} };
  return { watched: await openWatchedOrg(known, org, care), closed, mirrors };
}

it('an org that is let go of gives back its calls, closes mirror and session, and releases its lease last', async () => {
  const { watched, closed } = await inCare();
  await watched[Symbol.asyncDispose]();
  expect(closed).toEqual(['calls', 'mirror', 'session', 'lease']);
});

it('an org that rests keeps its lease', async () => {
  const { watched, closed } = await inCare();
  await watched.rest();
  expect(closed).toEqual(['calls', 'mirror', 'session']);
  await watched[Symbol.asyncDispose]();
  expect(closed).toEqual(['calls', 'mirror', 'session', 'lease']);
});

it('an org whose mirror was given to another user is connected anew, as that user', async () => {
  const { watched, closed, mirrors } = await inCare();
  expect(await watched.needsFirstCopy()).toBe(true);
  const beside = await mirrors.open(org.instanceUrl, { create: false });
  await beside.setIdentity({ ...(await beside.identity())!, userId: '005000000000999AAA' });
  closed.length = 0;
  // The login that is there is still the former user's.
  await expect(watched.needsFirstCopy()).rejects.toMatchObject({ code: 'OTHER_USER' });
  expect(closed).toContain('session');
});

it('whatever cannot be closed, all else of the org is, and the first error is told', async () => {
  const { watched, closed } = await inCare(['mirror', 'session', 'lease']);
  await expect(watched[Symbol.asyncDispose]()).rejects.toThrow('mirror');
  expect(closed).toEqual(['calls', 'mirror', 'session', 'lease']);
});
