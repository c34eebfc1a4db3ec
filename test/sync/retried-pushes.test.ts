import { describe, expect, it } from 'vitest';
import { control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { minute, settled } from './two-way-acts.ts';
import { readings, type TwoWayRig, twoWay } from './two-way-rig.ts';

const extId = 'ParaHack_Id__c';
const title = async (two: TwoWayRig, id: string) => (await two.org()).get(id)?.Title;

/** A push of the first contact whose answer was lost, and that could not be looked at. */
async function inDoubt(op: 'update' | 'delete' | 'upsert', lost: object) {
  const two = await twoWay('manual');
  const { context, signal, emulator } = two.rig;
  const [id] = two.ids as [string];
  two.rig.pass(3 * minute);
  await two.cycle();
  const { LastName, [extId]: key } = (await two.org()).get(id)!;
  const records = {
    update: { Id: id, Title: 'Mine' },
    delete: { Id: id, IsDeleted: true },
    upsert: { [extId]: key, LastName, Title: 'Mine' },
  };
  await control(emulator.url, 'faults', [
    { match: '(PATCH|DELETE) .*/composite/sobjects', times: 9, ...lost },
    { match: readings, status: 503, times: 99 },
  ]);
  const upsertField = op === 'upsert' ? extId : null;
  await pushAll(context, recordsOf([records[op]]), { signal, upsertField });
  await control(emulator.url, 'faults', []);
  expect(await two.states()).toEqual(['in-doubt']);
  two.rig.pass(90_000);
  return { two, id };
}

/** A person sends what is in doubt once more; `unsent`: by the word that nothing was done of it. */
async function retry({ rig: { context } }: TwoWayRig, unsent = false) {
  const { outbox } = context.mirror;
  const keys = (await outbox.list()).map(({ key }) => key);
  expect(await outbox.move(keys, ['in-doubt'], 'pending', context.clock.now(), { unsent })).toEqual(keys);
}

describe.each(['update', 'delete', 'upsert'] as const)(
  'a pushed %s in doubt that a person sends once more',
  (op) => {
    it.each(['a collection', 'an ingest job'])(
      'is a conflict where a colleague has written since: by %s',
      async (by) => {
        const { two, id } = await inDoubt(op, { status: 503 });
        await using _two = two;
        if (by === 'an ingest job') two.sql("UPDATE outbox SET way = 'bulk', api = 'bulk'");
        await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
        await retry(two);
        await settled(two);
        expect(await two.states()).toEqual(['conflict']);
        expect(await title(two, id)).toBe('Theirs');
      },
    );

    it('is sent where nobody has written since', async () => {
      const { two, id } = await inDoubt(op, { status: 503 });
      await using _two = two;
      await retry(two);
      await settled(two);
      expect(await two.states()).toEqual(['done']);
      expect(await title(two, id)).toBe(op === 'delete' ? undefined : 'Mine');
    });

    it('is done where it was carried out', async () => {
      const { two, id } = await inDoubt(op, { reset: 'after-commit' });
      await using _two = two;
      await retry(two);
      await settled(two);
      expect(await two.states()).toEqual(['done']);
      expect(await title(two, id)).toBe(op === 'delete' ? undefined : 'Mine');
    });

    it('is sent as one that waits where a person says that nothing was done of it', async () => {
      const { two, id } = await inDoubt(op, { status: 503 });
      await using _two = two;
      await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
      await retry(two, true);
      await settled(two);
      expect(await two.states()).toEqual(['done']);
      expect(await title(two, id)).toBe(op === 'delete' ? undefined : 'Mine');
    });
  },
);
