import { describe, expect, it } from 'vitest';
import { conflictPolicies } from '../../src/org/conflict-policy.ts';
import { retrieveRecords } from '../../src/sync/push/settle/read-doubts.ts';
import { control } from '../e2e/org.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const minute = 60_000;
const retrieve = 'POST .*/composite/sobjects/Contact$';

/** The next reading of contacts by their Ids, and no other, is answered so. */
async function answered(two: TwoWayRig, body: unknown, times = 1): Promise<void> {
  // Behind the minutes that a cycle reads again.
  two.rig.pass(10 * minute);
  await two.cycle();
  two.rig.pass(10 * minute);
  await two.cycle();
  await control(two.rig.emulator.url, 'faults', [{ match: retrieve, times, status: 200, body }]);
}

function write(two: TwoWayRig, op: string, id: string): void {
  if (op === 'delete') two.sql('DELETE FROM contacts WHERE Id = ?', id);
  else two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
}

async function isDone(two: TwoWayRig, op: string, id: string): Promise<boolean> {
  const now = (await two.org()).get(id);
  return op === 'delete' ? now === undefined : now?.Title === 'Mine';
}

it('is asked for once, however many entries name it', async () => {
  await using two = await twoWay();
  const [one = '', other = ''] = two.ids;
  const { context, signal } = two.rig;
  const asked: string[][] = [];
  const records = {
    ...context.records,
    retrieve: (...[ids, fields, options]: Parameters<typeof context.records.retrieve>) => {
      asked.push([...ids]);
      return context.records.retrieve(ids, fields, options);
    },
  };
  const fields = new Map((await context.mirror.schema.fields()).map((field) => [field.name, field]));
  const ids = [one, other, one.slice(0, 15), one];
  const rows = await retrieveRecords({ ...context, records }, ids, ['Id'], { fields, signal });
  expect(asked).toEqual([[one, other]]);
  expect([...rows.keys()].toSorted()).toEqual([one, other].toSorted());
});

describe('a contact of an edit that Salesforce does not show', () => {
  it.each(conflictPolicies)('because sharing hides it is not deleted, and says so: by %s', async (policy) => {
    await using two = await twoWay(policy);
    const [id = ''] = two.ids;
    await control(two.rig.emulator.url, 'visibility', { ids: [id], hidden: true });
    write(two, 'delete', id);
    await two.cycle();
    expect(await two.states()).toEqual(['rejected']);
    const [row] = two.rows(`Id = '${id}'`);
    expect(row).toMatchObject({ _state: 'rejected' });
    expect(row?._error).toMatch(/^INVALID_CROSS_REFERENCE_KEY: .*does not show the contact/);

    await control(two.rig.emulator.url, 'visibility', { ids: [id], hidden: false });
    write(two, 'delete', id);
    await two.cycle();
    expect(await isDone(two, 'delete', id)).toBe(true);
    expect(two.rows(`Id = '${id}'`)).toEqual([]);
  });

  it('because it was purged since its deletion was told is deleted', async () => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    write(two, 'delete', id);
    await two.theirs('delete', { ids: [id] });
    await control(two.rig.emulator.url, 'purge', { ids: [id] });
    await two.cycle();
    expect(await two.states()).toEqual(['done']);
  });

  it.each(['delete', 'update'])('while it is restored is read again: %s', async (op) => {
    await using two = await twoWay('manual');
    const [id = ''] = two.ids;
    await answered(two, [null]);
    write(two, op, id);
    await two.cycle();
    expect(await two.states()).toEqual(['done']);
    expect(await isDone(two, op, id)).toBe(true);
  });

  it.each([
    ['delete', []],
    ['update', []],
    ['delete', { ok: true }],
    ['update', [{}]],
    ['delete', [{ Id: '003000000000000AAA' }]],
    ['update', [null, null]],
  ])('in an answer that does not speak of it is asked for again: %s, %j', async (op, body) => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    await answered(two, body);
    write(two, op, id);
    await two.cycle();
    expect(await two.states()).toEqual(['done']);
    expect(await isDone(two, op, id)).toBe(true);
  });

  it.each(['delete', 'update'])('in no answer at all leaves what was written for later: %s', async (op) => {
    await using two = await twoWay('manual');
    const [id = ''] = two.ids;
    await answered(two, [], 100);
    write(two, op, id);
    await two.cycle();
    expect(await two.states()).toEqual(['pending']);
    expect(await isDone(two, op, id)).toBe(false);
    await control(two.rig.emulator.url, 'faults', []);
    await two.cycle();
    expect(await isDone(two, op, id)).toBe(true);
  });
});
