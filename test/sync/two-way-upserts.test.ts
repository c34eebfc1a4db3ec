import { describe, expect, it } from 'vitest';
import { control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const externalId = 'ParaHack_Id__c';

async function known(): Promise<{ two: TwoWayRig; id: string }> {
  const two = await twoWay();
  const [id] = two.ids as [string];
  await two.theirs('touch', { ids: [id], set: { [externalId]: 'X1' } });
  two.rig.pass(180_000);
  await two.cycle();
  return { two, id };
}

const upsert = ({ rig: { context, signal } }: TwoWayRig, value: string, more = {}) =>
  pushAll(context, recordsOf([{ [externalId]: value, LastName: 'Ng', Title: 'Pushed' }]), {
    signal,
    upsertField: externalId,
    ...more,
  });

describe('a contact that came from Salesforce and is upserted', () => {
  it.each([
    ['at once', {}, []],
    ['by a job', { api: 'bulk' as const }, []],
    ['later', { queue: true }, []],
    ['by a request whose answer is lost', {}, [{ match: 'PATCH', reset: 'after-commit' }]],
    [
      'by a job whose answers are lost',
      { api: 'bulk' as const },
      [{ match: 'PATCH .*/jobs/ingest', reset: 'after-commit' }],
    ],
  ])('keeps its Id as its key: %s', async (_, more, faults) => {
    const { two, id } = await known();
    await using _two = two;
    await control(two.rig.emulator.url, 'faults', faults);
    await upsert(two, 'X1', more);
    await control(two.rig.emulator.url, 'faults', []);
    // What a program writes by the key that it knows counts at any time.
    two.sql("UPDATE contacts SET Department = 'First' WHERE _key = ?", id);
    two.rig.pass(180_000);
    await two.cycle();
    await two.cycle();
    expect(two.rows('Id = ?', id)).toMatchObject([{ _key: id, Title: 'Pushed', _state: 'synced' }]);
    two.sql("UPDATE contacts SET Department = 'Second' WHERE _key = ?", id);
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Pushed', Department: 'Second' });
  });
});

it('a contact that an upsert has made goes by the key of its entry', async () => {
  const { two } = await known();
  await using _two = two;
  await upsert(two, 'New');
  const entry = (await two.rig.context.mirror.outbox.list()).at(-1)!;
  expect(entry).toMatchObject({ state: 'done', created: true });
  expect(two.rows(`${externalId} = 'New'`)).toMatchObject([{ _key: entry.contactKey, Id: entry.contactId }]);
});
