import { expect, it } from 'vitest';
import { control } from '../e2e/org.ts';
import { readings, type TwoWayRig, twoWay } from './two-way-rig.ts';

/** Whose edit of the title waits for a person, for a colleague has written another one. */
async function inConflict(two: TwoWayRig): Promise<string> {
  const [id] = two.ids as [string];
  two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
  await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
  two.rig.pass(180_000);
  await two.cycle();
  expect(await two.states()).toEqual(['conflict']);
  return id;
}

it('a delete by SQL of a contact whose edit is in conflict waits for a person too, with what a colleague has written', async () => {
  await using two = await twoWay('manual');
  const id = await inConflict(two);
  two.sql('DELETE FROM contacts WHERE Id = ?', id);
  await two.cycle();
  expect((await two.org()).get(id)).toMatchObject({ Title: 'Theirs' });
  expect(await two.states()).toEqual(['dropped', 'conflict']);
  const [entry] = await two.rig.context.mirror.outbox.list({ states: ['conflict'] });
  expect(entry).toMatchObject({
    op: 'delete',
    errors: [{ message: expect.stringContaining('Title is "Theirs"') }],
  });
  expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'Theirs', _state: 'conflict' }]);
  // Said once more, it is a decision about what the first has shown.
  two.sql('DELETE FROM contacts WHERE Id = ?', id);
  await two.cycle();
  expect((await two.org()).has(id)).toBe(false);
});

it('a delete by SQL behind a decision for the local side goes by it', async () => {
  await using two = await twoWay('manual');
  const id = await inConflict(two);
  const { outbox } = two.rig.context.mirror;
  const [entry] = await outbox.list({ states: ['conflict'] });
  await outbox.move([entry!.key], ['conflict'], 'pending', two.rig.context.clock.now());
  two.sql('DELETE FROM contacts WHERE Id = ?', id);
  await two.cycle();
  expect((await two.org()).has(id)).toBe(false);
  expect(await two.states()).toEqual(['dropped', 'done']);
});

it('so does the delete of a contact whose edit nobody knows the base of', async () => {
  await using two = await twoWay('manual');
  const { emulator, pass } = two.rig;
  await control(emulator.url, 'faults', [{ match: readings, status: 503, times: 99 }]);
  two.sql("INSERT INTO contacts (_key, LastName, Title) VALUES ('k', 'Ng', 'First')");
  await two.cycle();
  two.sql("UPDATE contacts SET Title = 'Mine' WHERE _key = 'k'");
  const id = [...(await two.org())].find(([, { LastName }]) => LastName === 'Ng')![0];
  pass(60_000);
  await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
  await control(emulator.url, 'faults', []);
  pass(180_000);
  await two.cycle();
  expect(await two.states()).toEqual(['done', 'conflict']);
  two.sql("DELETE FROM contacts WHERE _key = 'k'");
  await two.cycle();
  expect((await two.org()).get(id)).toMatchObject({ Title: 'Theirs' });
  expect(await two.states()).toEqual(['done', 'dropped', 'conflict']);
});

it('what an edit of a contact that was merged away was based on is nothing that the survivor had', async () => {
  await using two = await twoWay('manual');
  const [survivor, merged] = two.ids as [string, string];
  two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", merged);
  await two.theirs('merge', { master: survivor, losers: [merged] });
  two.rig.pass(180_000);
  await two.cycle();
  expect(await two.states()).toEqual(['conflict']);
  two.sql('DELETE FROM contacts WHERE Id = ?', survivor);
  await two.cycle();
  expect((await two.org()).has(survivor)).toBe(false);
});
