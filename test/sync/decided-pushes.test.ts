import { describe, expect, it } from 'vitest';
import { control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { minute, settled, takeUp } from './two-way-acts.ts';
import { readings, type TwoWayRig, twoWay } from './two-way-rig.ts';

const ops = ['update', 'delete', 'upsert'] as const;
type Op = (typeof ops)[number];

const extId = 'ParaHack_Id__c';

/** The external id of each contact. */
async function extIdOf(two: TwoWayRig, id: string): Promise<string> {
  return String((await two.org()).get(id)?.[extId]);
}

async function recordOf(two: TwoWayRig, op: Op, id: string): Promise<Record<string, unknown>> {
  if (op === 'delete') return { Id: id, IsDeleted: true };
  if (op === 'update') return { Id: id, Title: 'Mine' };
  const LastName = (await two.org()).get(id)?.LastName;
  return { [extId]: await extIdOf(two, id), LastName, Title: 'Mine' };
}

const entries = ({ rig }: TwoWayRig) => rig.context.mirror.outbox.list();
const title = async (two: TwoWayRig, id: string) => (await two.org()).get(id)?.Title;
const touch = (two: TwoWayRig, ids: string[], Title: string) => two.theirs('touch', { ids, set: { Title } });

/** A mirror whose pushes of these contacts got no answer, and met what a colleague has written. */
async function inConflict(op: Op, { count = 1, allOrNone = false, gone = false } = {}) {
  const two = await twoWay('manual');
  const { context, signal, emulator } = two.rig;
  const ids = two.ids.slice(0, count);
  two.rig.pass(3 * minute);
  await two.cycle();
  await control(emulator.url, 'faults', [
    { match: '(PATCH|DELETE) .*/composite/sobjects', status: 503, times: 9 },
    { match: readings, status: 503, times: 99 },
  ]);
  const records = await Promise.all(ids.map((id) => recordOf(two, op, id)));
  const upsertField = op === 'upsert' ? extId : null;
  await pushAll(context, recordsOf(records), { signal, allOrNone, upsertField });
  await control(emulator.url, 'faults', []);
  two.rig.pass(90_000);
  if (gone) await two.theirs('delete', { ids });
  else await touch(two, ids, 'Theirs');
  await settled(two);
  expect(new Set(await two.states())).toEqual(new Set(['conflict']));
  return { two, ids, id: ids[0]! };
}

describe.each(ops)('a pushed %s in conflict that a person has decided for', (op) => {
  it('is sent where nobody has written since', async () => {
    const { two, id } = await inConflict(op);
    await using _two = two;
    await takeUp(two, 'conflict');
    await settled(two);
    expect(await two.states()).toEqual(['done']);
    expect(await title(two, id)).toBe(op === 'delete' ? undefined : 'Mine');
  });

  it('is a conflict again where a colleague has written since, which is told, as often as that is so', async () => {
    const { two, id } = await inConflict(op);
    await using _two = two;
    for (const later of ['Later', 'Latest']) {
      await touch(two, [id], later);
      two.rig.pass(90_000);
      await takeUp(two, 'conflict');
      await settled(two);
      expect(await two.states()).toEqual(['conflict']);
      expect(await title(two, id)).toBe(later);
      expect(await entries(two)).toMatchObject([{ found: { Title: later } }]);
      expect((await two.notes()).join('\n')).toContain(`"${later}"`);
    }
    await takeUp(two, 'conflict');
    await settled(two);
    expect(await two.states()).toEqual(['done']);
    expect(await title(two, id)).toBe(op === 'delete' ? undefined : 'Mine');
  });

  it('is looked at by itself where many are decided at once', async () => {
    const { two, ids } = await inConflict(op, { count: 3 });
    await using _two = two;
    await touch(two, [ids[1]!], 'Later');
    two.rig.pass(90_000);
    await takeUp(two, 'conflict');
    await settled(two);
    expect(await two.states()).toEqual(['done', 'conflict', 'done']);
    expect(await title(two, ids[1]!)).toBe('Later');
  });

  it('is looked at as well where it was to go by an ingest job', async () => {
    const { two, ids } = await inConflict(op, { count: 2 });
    await using _two = two;
    two.sql("UPDATE outbox SET api = 'bulk'");
    await touch(two, [ids[1]!], 'Later');
    two.rig.pass(90_000);
    await takeUp(two, 'conflict');
    await settled(two);
    expect(await two.states()).toEqual(['done', 'conflict']);
    expect(await title(two, ids[1]!)).toBe('Later');
  });

  it('keeps all of its group where one of them is a conflict again', async () => {
    const { two, ids } = await inConflict(op, { count: 2, allOrNone: true });
    await using _two = two;
    await touch(two, [ids[1]!], 'Later');
    two.rig.pass(90_000);
    await takeUp(two, 'conflict');
    await settled(two);
    expect(await two.states()).toEqual(['pending', 'conflict']);
    expect(await Promise.all(ids.map((id) => title(two, id)))).toEqual(['Theirs', 'Later']);
    await takeUp(two, 'conflict');
    await settled(two);
    expect(await two.states()).toEqual(['done', 'done']);
  });

  it('is looked at once more where its row was locked', async () => {
    const { two, id } = await inConflict(op);
    await using _two = two;
    const { context, emulator } = two.rig;
    await takeUp(two, 'conflict');
    await control(emulator.url, 'settings', { lockedIds: [id] });
    const { clock } = context;
    let isLocked = true;
    context.clock = {
      ...clock,
      async sleep(ms, options) {
        if (isLocked) {
          isLocked = false;
          await control(emulator.url, 'settings', { lockedIds: [] });
          await touch(two, [id], 'Later');
        }
        return clock.sleep(ms, options);
      },
    };
    await two.cycle();
    expect(isLocked).toBe(false);
    expect(await two.states()).toEqual(['conflict']);
    expect(await title(two, id)).toBe('Later');
  });

  it('is in doubt as before where its answer is lost again', async () => {
    const { two, id } = await inConflict(op);
    await using _two = two;
    const { url } = two.rig.emulator;
    const noAnswer = { match: '(PATCH|DELETE) .*/composite/sobjects', status: 503, times: 9 };
    await takeUp(two, 'conflict');
    await control(url, 'faults', [noAnswer]);
    await two.cycle();
    await control(url, 'faults', []);
    await touch(two, [id], 'Later');
    await settled(two);
    expect(await two.states()).toEqual(['conflict']);
    expect(await title(two, id)).toBe('Later');
  });

  it('goes as before where a former version has kept nothing of what was found', async () => {
    const { two, id } = await inConflict(op);
    await using _two = two;
    two.sql('UPDATE outbox SET base = NULL, base_at = NULL, first_base = NULL, found = NULL');
    await touch(two, [id], 'Later');
    two.rig.pass(90_000);
    await takeUp(two, 'conflict');
    await settled(two);
    expect(await two.states()).toEqual(['done']);
  });
});

describe('a decided push whose contact has gone since', () => {
  it.each(['delete', 'merge', 'hide'] as const)(
    'is refused by Salesforce where it is an update: %s',
    async (how) => {
      const { two, id } = await inConflict('update');
      await using _two = two;
      const [, other = ''] = two.ids;
      if (how === 'delete') await two.theirs('delete', { ids: [id] });
      else if (how === 'merge') await two.theirs('merge', { master: other, losers: [id] });
      else await control(two.rig.emulator.url, 'visibility', { ids: [id], hidden: true });
      two.rig.pass(90_000);
      await takeUp(two, 'conflict');
      await settled(two);
      expect(await two.states()).toEqual(['rejected']);
      expect(await title(two, other)).not.toBe('Mine');
    },
  );

  it('is made anew by an upsert only where a person says so again', async () => {
    const { two, id } = await inConflict('upsert');
    await using _two = two;
    const before = (await two.org()).size;
    await two.theirs('delete', { ids: [id] });
    two.rig.pass(90_000);
    await takeUp(two, 'conflict');
    await settled(two);
    expect(await two.states()).toEqual(['conflict']);
    expect((await two.org()).size).toBe(before - 1);
    await takeUp(two, 'conflict');
    await settled(two);
    expect(await two.states()).toEqual(['done']);
    expect((await two.org()).size).toBe(before);
  });

  it('is compared with what was known before where it has come back', async () => {
    const { two, id } = await inConflict('update', { gone: true });
    await using _two = two;
    await two.theirs('undelete', { ids: [id] });
    await touch(two, [id], 'Later');
    two.rig.pass(90_000);
    await takeUp(two, 'conflict');
    await settled(two);
    expect(await two.states()).toEqual(['conflict']);
    expect(await title(two, id)).toBe('Later');
  });

  it('is sent where it has come back as it was', async () => {
    const { two, id } = await inConflict('update', { gone: true });
    await using _two = two;
    await two.theirs('undelete', { ids: [id] });
    two.rig.pass(90_000);
    await takeUp(two, 'conflict');
    await settled(two);
    expect(await two.states()).toEqual(['done']);
    expect(await title(two, id)).toBe('Mine');
  });
});

it('takes what an earlier decided push has written for no change by others', async () => {
  const { two, id } = await inConflict('update');
  await using _two = two;
  const { context, signal, emulator } = two.rig;
  const { outbox } = context.mirror;
  const [{ key } = { key: '' }] = await entries(two);
  // As where Salesforce refuses it, which lets later changes of the contact go by it.
  await outbox.move([key], ['conflict'], 'rejected', context.clock.now());
  await control(emulator.url, 'faults', [
    { match: '(PATCH|DELETE) .*/composite/sobjects', status: 503, times: 9 },
    { match: readings, status: 503, times: 99 },
  ]);
  await pushAll(context, recordsOf([{ Id: id, Title: 'Second' }]), { signal });
  await control(emulator.url, 'faults', []);
  two.rig.pass(90_000);
  await touch(two, [id], 'Between');
  await settled(two);
  expect(await two.states()).toEqual(['rejected', 'conflict']);
  two.sql("UPDATE outbox SET base = NULL WHERE state = 'rejected'");
  await takeUp(two, 'rejected');
  await settled(two);
  expect(await two.states()).toEqual(['done', 'conflict']);
  expect(await title(two, id)).toBe('Mine');
  await takeUp(two, 'conflict');
  await settled(two);
  expect(await two.states()).toEqual(['done', 'done']);
  expect(await title(two, id)).toBe('Second');
});
