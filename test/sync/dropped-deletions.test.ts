import { expect, it } from 'vitest';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { deletedSince } from '../../src/sync/deleted-since.ts';
import { reconcile } from '../../src/sync/reconcile/reconcile.ts';
import { contactsOf, control } from '../e2e/org.ts';
import { asked, copiedRig, equal, goneOf, idsOf, later } from './reconcile-rig.ts';
import { openRig, type Rig } from './rig.ts';

/** Salesforce forgets all deletions up to now, as it does with a list that grows large. */
async function drop(rig: Rig): Promise<void> {
  const { now } = (await (await fetch(`${rig.emulator.url}/__emulator/clock`)).json()) as { now: string };
  await control(rig.emulator.url, 'delete-log', { before: now });
}

/** Waits of the job are waits of the org. */
function patient(rig: Rig): Rig['context'] {
  const sleep: Rig['context']['clock']['sleep'] = async (ms) => rig.pass(ms);
  return { ...rig.context, clock: { ...rig.context.clock, sleep } };
}

it('a first copy begins a minute later where Salesforce has just dropped its list of deletions', async () => {
  await using rig = await openRig({ contacts: 50 });
  const [id] = (await contactsOf(rig.emulator.url)).map(({ Id }) => Id as string);
  await control(rig.emulator.url, 'purge', { ids: [id] });
  await drop(rig);
  const { status, error, compared } = await backfill(patient(rig), { signal: rig.signal });
  expect({ status, error, compared }).toEqual({
    status: 'complete',
    error: null,
    compared: { org: 49, mirror: 49 },
  });
  await equal(rig);
});

it('so does a reconcile, and cycles go on from there', async () => {
  await using rig = await copiedRig(60);
  const ids = await idsOf(rig, 3);
  await control(rig.emulator.url, 'purge', { ids: ids.slice(0, 2) });
  await control(rig.emulator.url, 'delete', { ids: ids.slice(2) });
  await drop(rig);
  const { status, error, ghosts, repaired } = await reconcile(patient(rig), asked(rig));
  expect({ status, error, ghosts, repaired }).toEqual({
    status: 'complete',
    error: null,
    ghosts: 3,
    repaired: 3,
  });
  expect(goneOf(rig)).toEqual({ [ids[0]!]: 'purged', [ids[1]!]: 'purged', [ids[2]!]: 'deleted' });
  await control(rig.emulator.url, 'delete', { ids: await idsOf(rig, 1) });
  await runCycle(rig.context, { push: false, signal: rig.signal });
  await equal(rig);
});

it('where it is dropped while a reconcile compares, what is not found counts as purged', async () => {
  await using rig = await copiedRig(60);
  const ids = await idsOf(rig, 2);
  await control(rig.emulator.url, 'purge', { ids });
  let dropped: Promise<void> | null = null;
  const context: Rig['context'] = {
    ...patient(rig),
    onEvent: ({ type }) => {
      if (type === 'reconcile:progress') dropped ??= drop(rig);
    },
  };
  const { status, error, repaired } = await reconcile(context, asked(rig));
  await dropped;
  expect({ status, error, repaired }).toEqual({ status: 'complete', error: null, repaired: 2 });
  expect(goneOf(rig)).toEqual({ [ids[0]!]: 'purged', [ids[1]!]: 'purged' });
});

it('a job that comes to no beginning within some minutes says that it can be tried again', async () => {
  await using rig = await copiedRig(20);
  const sleep: Rig['context']['clock']['sleep'] = async () => drop(rig);
  await drop(rig);
  const { status, error } = await reconcile(
    { ...rig.context, clock: { ...rig.context.clock, sleep } },
    asked(rig),
  );
  expect(status).toBe('failed');
  expect(error).toMatchObject({ code: 'REFUSED_FOR_NOW', hint: expect.stringContaining('In some minutes') });
});

it('the list is asked for by a process that the org has told no time yet', async () => {
  await using rig = await copiedRig(20);
  const ids = await idsOf(rig, 2);
  await control(rig.emulator.url, 'delete', { ids });
  const list = await later(rig, 0, (context) => deletedSince(context, 0, { signal: rig.signal }));
  expect([...list.ids].toSorted()).toEqual(ids.toSorted());
});
