import { describe, expect, it } from 'vitest';
import { abortReason } from '../../src/base/abort.ts';
import { AppError } from '../../src/base/errors.ts';
import type { WatchEvent } from '../../src/contract/watch.ts';
import { ledgerIdOf } from '../../src/sync/budget/ledger-id.ts';
import type { ReportedUsage } from '../../src/sync/ports/call-ledger.ts';
import type { RemoteOptions } from '../../src/usecases/ports/org-access.ts';
import { openWatchedOrg } from '../../src/usecases/watched-org.ts';
import { orgFor } from '../orgs/org-for.ts';
import { copied, partsOf } from './parts.ts';

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

it('an org is silent from the beginning of its turn until its first answer, and is ended while it waits', async () => {
  const asked = Promise.withResolvers<void>();
  const describe = async (options?: { signal?: AbortSignal }) => {
    asked.resolve();
    return new Promise<never>((_, reject) =>
      options?.signal?.addEventListener('abort', () => reject(options.signal?.reason)),
    );
  };
  const parts = partsOf([org], { [org.instanceUrl]: { records: { describe } } });
  const { openRemote } = parts;
  let usage: ReportedUsage | null = null;
  parts.openRemote = async (session) => {
    const remote = await openRemote(session);
    return { ...remote, usage: { ...remote.usage, reported: () => usage } };
  };
  let monotonicMs = 0;
  const clock = { ...parts.clock, monotonicMs: () => monotonicMs };
  await copied(parts, org.instanceUrl);
  const care = { options, signal: new AbortController().signal, tell: () => {} };
  await using watched = await openWatchedOrg({ ...parts, clock }, org, care);
  usage = { used: 1, max: 1_000, at: Date.now() - 1_000, app: null };
  monotonicMs = 60_000;
  expect(watched.silentForMs()).toBe(0);

  const end = new AbortController();
  const cycle = watched.cycle(end.signal);
  await asked.promise;
  monotonicMs += 9_000;
  // What was answered in an earlier turn says nothing of this one.
  expect(watched.silentForMs()).toBe(9_000);
  usage = { ...usage, at: Date.now() };
  expect(watched.silentForMs()).toBe(0);
  usage = null;
  expect(watched.silentForMs()).toBe(9_000);
  end.abort(abortReason());
  await expect(cycle).rejects.toMatchObject({ name: 'AbortError' });
  expect(watched.silentForMs()).toBe(0);
});

it('an org that rests is looked at for what is asked of it and tells each request once', async () => {
  const { watched, mirrors } = await inCare();
  await watched.rest();
  expect(await watched.isAsked!()).toBe(false);
  {
    await using beside = await mirrors.open(org.instanceUrl, { create: false });
    await beside.journal.askReconcile({
      id: '00000000-0000-4000-8000-000000000001',
      force: false,
      dryRun: false,
    });
  }
  expect(await watched.isAsked!()).toBe(true);
  expect(await watched.isAsked!()).toBe(false);
});

it('a reconcile that is asked for while the org rests is seen, and ends with the error of a turn that could not make it', async () => {
  let failure: AppError | null = null;
  const parts = partsOf([org], { [org.instanceUrl]: { session: () => failure } });
  await copied(parts, org.instanceUrl);
  const events: WatchEvent[] = [];
  const signal = new AbortController().signal;
  const care = { options, signal, tell: (event: WatchEvent) => void events.push(event) };
  await using watched = await openWatchedOrg(parts, org, care);
  await watched.rest();
  expect(await watched.isAsked!()).toBe(false);
  const { journal } = await parts.mirrors.open(org.instanceUrl, { create: false });
  await journal.askReconcile({ id: 'of a person', force: false, dryRun: false });
  expect(await watched.isAsked!()).toBe(true);

  failure = new AppError('NETWORK_UNREACHABLE', 'The org cannot be reached.');
  await expect(watched.needsFirstCopy()).rejects.toBe(failure);
  // Whoever has the org or its mirror now goes on with it.
  await watched.refuseAsked!(new AppError('LEASE_LOST', 'Another process has the org.'));
  expect((await journal.askedReconcile())?.state).toBe('waiting');
  await watched.refuseAsked!(failure);
  const error = { code: 'NETWORK_UNREACHABLE', message: 'The org cannot be reached.' };
  expect(await journal.askedReconcile()).toMatchObject({ id: 'of a person', state: 'ended', error });
  expect(events).toMatchObject([
    { event: 'reconcile:failed', instanceUrl: org.instanceUrl, error, retryInMs: null },
  ]);
  await watched.refuseAsked!(failure);
  expect(events).toHaveLength(1);
});

it('a share that is raised while its org is kept open counts from the next look on, and ends a stretched interval', async () => {
  const parts = partsOf([org]);
  await copied(parts, org.instanceUrl);
  await parts.calls.report(ledgerIdOf(org.orgId), { used: 1, max: 1_000, at: Date.now(), app: null });
  const events: WatchEvent[] = [];
  const signal = new AbortController().signal;
  const care = { options, signal, tell: (event: WatchEvent) => void events.push(event) };
  await using watched = await openWatchedOrg(parts, org, care);
  const before = (await watched.callsAhead!())!.left;
  await watched.stretchTo!(2_520_000);
  expect(await watched.isAsked!()).toBe(false);

  await parts.registry.update(org.instanceUrl, { budget: 0.5 });
  expect(await watched.isAsked!()).toBe(true);
  await watched.needsFirstCopy();
  expect(await watched.isAsked!()).toBe(false);
  expect((await watched.callsAhead!())!.left).toBe(before * 2);
  await watched.stretchTo!(null);
  expect(events.map(({ event }) => event)).toEqual(['interval:stretched', 'interval:restored']);

  // Where the org cannot be connected with it, it is tried again when it would have been.
  await parts.registry.update(org.instanceUrl, { budget: 0.4 });
  await watched.rest();
  expect(await watched.isAsked!()).toBe(true);
  parts.openSession = () => Promise.reject(new AppError('NETWORK_UNREACHABLE', 'The org cannot be reached.'));
  await expect(watched.needsFirstCopy()).rejects.toThrow('cannot be reached');
  expect(await watched.isAsked!()).toBe(false);
  // And where the list of orgs cannot be read, all goes on.
  parts.registry.get = () => Promise.reject(new AppError('REGISTRY_CORRUPT', 'damaged'));
  expect(await watched.isAsked!()).toBe(false);
});

describe('an org whose long work waits for its place', () => {
  async function inLine(prepare: (mirrors: ReturnType<typeof partsOf>['mirrors']) => Promise<void>) {
    const parts = partsOf([org]);
    await copied(parts, org.instanceUrl);
    await prepare(parts.mirrors);
    const events: string[] = [];
    const signal = new AbortController().signal;
    const care = { options, signal, tell: ({ event }: WatchEvent) => void events.push(event) };
    await using watched = await openWatchedOrg(parts, org, care);
    const work = await watched.cycle(signal, { isInLine: true });
    return { work, events };
  }

  it('has a cycle before a reconcile that somebody has asked for', async () => {
    const { work, events } = await inLine(async (mirrors) => {
      await mirrors.of(org.instanceUrl).journal.askReconcile({ id: 'asked', force: false, dryRun: true });
    });
    expect(events).toEqual(['cycle:complete']);
    expect(work).toMatchObject({ kind: 'reconcile', keepsCycles: true });
  });

  it('has none as another user than the one whose contacts the mirror holds', async () => {
    const { work, events } = await inLine(async (mirrors) => {
      const mirror = await mirrors.open(org.instanceUrl, { create: false });
      const { orgId, instanceUrl, userId } = org;
      for (const user of ['005000000000999AAA', userId])
        await mirror.setIdentity({ orgId, instanceUrl, userId: user });
    });
    expect(events).toEqual([]);
    expect(work).toMatchObject({ kind: 'reconcile', keepsCycles: false });
  });
});
