import { describe, expect, it } from 'vitest';
import { abortReason } from '../../src/base/abort.ts';
import { AppError } from '../../src/base/errors.ts';
import type { WatchEvent, WatchOptions } from '../../src/contract/watch.ts';
import { takeOrgLease } from '../../src/usecases/org-lease.ts';
import { watch } from '../../src/usecases/watch.ts';
import { orgFor } from '../orgs/org-for.ts';
import { calm, copied, loginNeeded, partsOf } from './parts.ts';

const noneBehind = { conflicts: 0, held: 0, inDoubt: 0 };

const a = orgFor('a');
const b = orgFor('b');
const once: WatchOptions = { orgs: [], intervalMs: 60_000, once: true, push: true, reconcileEveryMs: null };

/** Names of the events, with the org where one is named. */
const names = (events: readonly WatchEvent[]) =>
  events.map((event) =>
    'instanceUrl' in event
      ? `${event.event} ${event.instanceUrl === a.instanceUrl ? 'a' : 'b'}`
      : event.event,
  );

describe('watch once', () => {
  it('tells each cycle and how each org ended, the failure of one beside the good end of the other', async () => {
    const parts = partsOf([a, b], { [b.instanceUrl]: { session: loginNeeded } });
    await copied(parts, a.instanceUrl);
    const events: WatchEvent[] = [];
    const { orgs } = await watch(
      parts,
      once,
      calm((event: WatchEvent) => void events.push(event)),
    );
    expect(names(events).toSorted()).toEqual([
      'cycle:complete a',
      'cycle:failed b',
      'watch:start',
      'watch:stop',
    ]);
    expect(events[0]).toMatchObject({
      event: 'watch:start',
      orgs: [a.instanceUrl, b.instanceUrl],
      once: true,
    });
    expect(events.at(-1)).toEqual({ event: 'watch:stop', reason: 'once', cycles: 1, failed: 1, skipped: 0 });
    expect(orgs).toEqual([
      {
        instanceUrl: a.instanceUrl,
        error: null,
        push: { rejected: 0, inDoubt: 0, conflicts: 0, held: 0, unsent: 0, behind: noneBehind, error: null },
      },
      {
        instanceUrl: b.instanceUrl,
        error: expect.objectContaining({ code: 'LOGIN_REQUIRED' }),
        push: null,
      },
    ]);
  });

  it('tells which org a stop has left undone', async () => {
    const stop = new AbortController();
    const records = {
      describe: () => {
        stop.abort(abortReason());
        return Promise.reject(stop.signal.reason);
      },
    };
    const parts = partsOf([a], { [a.instanceUrl]: { records } });
    await copied(parts, a.instanceUrl);
    const { orgs } = await watch(parts, once, { signal: stop.signal, onEvent: () => {} });
    expect(orgs).toEqual([
      { instanceUrl: a.instanceUrl, error: expect.objectContaining({ code: 'INTERRUPTED' }), push: null },
    ]);
  });

  it('copies an org that had no first copy before its cycle', async () => {
    const parts = partsOf([a]);
    const events: WatchEvent[] = [];
    await watch(
      parts,
      once,
      calm((event: WatchEvent) => void events.push(event)),
    );
    const steps = names(events).filter((name) => name !== 'backfill:progress a');
    expect(steps).toEqual([
      'watch:start',
      'backfill:start a',
      'backfill:complete a',
      'cycle:complete a',
      'watch:stop',
    ]);
  });

  it('gives every org back: its session ends, and its lock is free', async () => {
    const full = new AppError('DISK_FULL', 'There is no room left.');
    const records = { describe: () => Promise.reject(full) };
    const parts = partsOf([a, b], { [b.instanceUrl]: { records } });
    await copied(parts, a.instanceUrl);
    await copied(parts, b.instanceUrl);
    const { orgs } = await watch(parts, once, calm());
    expect(orgs.map(({ error }) => error?.code ?? null)).toEqual([null, 'DISK_FULL']);
    expect(parts.closed.toSorted()).toEqual([a.instanceUrl, b.instanceUrl]);
    for (const { instanceUrl } of [a, b])
      await (await takeOrgLease(parts, instanceUrl, 'backfill')).release();
  });

  it('leaves an org alone that another process works on, and says so', async () => {
    const parts = partsOf([a]);
    await using _held = await takeOrgLease(parts, a.instanceUrl, 'backfill');
    const events: WatchEvent[] = [];
    const { orgs } = await watch(
      parts,
      once,
      calm((event: WatchEvent) => void events.push(event)),
    );
    expect(names(events)).toEqual(['watch:start', 'cycle:skipped a', 'watch:stop']);
    expect(events.at(-1)).toMatchObject({ cycles: 0, failed: 0, skipped: 1 });
    expect(orgs[0]?.error?.code).toBe('ORG_BUSY');
    expect(parts.closed).toEqual([]);
  });

  it('says what lies beside a mirror without going on with it', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    await parts.mirrors.copies.open(a.instanceUrl, { create: true });
    await watch(parts, once, calm());
    expect(parts.said).toEqual([expect.stringMatching(/^warn an interrupted fresh copy of .* lies beside/)]);
    expect(await parts.mirrors.copies.exists(a.instanceUrl)).toBe(true);
  });
});

describe('a watch that goes on', () => {
  it('takes up an org that is enabled meanwhile, lets go of one that is disabled, and stops with its signal', async () => {
    const parts = partsOf([a, { ...b, sync: false }]);
    await copied(parts, a.instanceUrl);
    await copied(parts, b.instanceUrl);
    const end = new AbortController();
    const seen: string[] = [];
    const onEvent = (event: WatchEvent) => {
      if (event.event !== 'cycle:complete') return;
      const name = event.instanceUrl === a.instanceUrl ? 'a' : 'b';
      if (seen.at(-1) !== name) seen.push(name);
      if (seen.length === 1) {
        void parts.registry.update(b.instanceUrl, { sync: true });
        void parts.registry.update(a.instanceUrl, { sync: false });
      } else if (name === 'b') void parts.registry.update(b.instanceUrl, { alias: 'other' });
    };
    const events: WatchEvent[] = [];
    const { orgs } = await watch(
      parts,
      { ...once, once: false },
      {
        signal: end.signal,
        onEvent: (event) => {
          events.push(event);
          onEvent(event);
          if (event.event === 'org:renamed') end.abort();
        },
      },
    );
    const told = events.filter(({ event }) => event.startsWith('org:'));
    expect(told).toEqual([
      { event: 'org:added', instanceUrl: b.instanceUrl, alias: b.alias },
      { event: 'org:removed', instanceUrl: a.instanceUrl },
      { event: 'org:renamed', instanceUrl: b.instanceUrl, alias: 'other' },
    ]);
    expect(seen[0]).toBe('a');
    expect(seen.at(-1)).toBe('b');
    expect(orgs.map(({ instanceUrl }) => instanceUrl)).toEqual([b.instanceUrl]);
    expect(events.at(-1)).toMatchObject({ event: 'watch:stop', reason: 'signal', failed: 0 });
    expect(parts.closed.toSorted()).toEqual([a.instanceUrl, b.instanceUrl]);
  });
});

it('goes on where the list of orgs cannot be read, and warns of it once', async () => {
  const parts = partsOf([a]);
  await copied(parts, a.instanceUrl);
  const stop = new AbortController();
  const { list } = parts.registry;
  let isDamaged = false;
  let refused = 0;
  parts.registry.list = async () => {
    if (!isDamaged) return list();
    if (++refused > 12) stop.abort(abortReason());
    throw new AppError('REGISTRY_CORRUPT', 'The list of connected orgs is damaged.');
  };
  const onEvent = ({ event }: WatchEvent) => {
    isDamaged ||= event === 'cycle:complete';
  };
  const { orgs } = await watch(parts, { ...once, once: false }, { signal: stop.signal, onEvent });
  expect(orgs).toMatchObject([{ instanceUrl: a.instanceUrl, error: null }]);
  const line =
    'warn the connected orgs cannot be listed now, those that are watched go on: The list of connected orgs is damaged.';
  expect(parts.said.filter((said) => said === line)).toHaveLength(1);
});

it('says once that the list of orgs was removed, and watches on what it knows', async () => {
  const parts = partsOf([a]);
  await copied(parts, a.instanceUrl);
  const stop = new AbortController();
  let looks = 0;
  let isInPlace = true;
  parts.registry.isInPlace = async () => {
    if (++looks > 12) stop.abort(abortReason());
    return isInPlace;
  };
  const onEvent = ({ event }: WatchEvent) => {
    if (event === 'cycle:complete') isInPlace = false;
  };
  const { orgs } = await watch(parts, { ...once, once: false }, { signal: stop.signal, onEvent });
  expect(orgs).toMatchObject([{ instanceUrl: a.instanceUrl, error: null }]);
  expect(parts.said).toEqual([
    expect.stringMatching(
      /^warn the list of connected orgs was removed or emptied while it was watched: the orgs that are watched go on .*log in/,
    ),
  ]);
});
