import { expect, it } from 'vitest';
import { control } from '../e2e/org.ts';
import { twoWay } from './two-way-rig.ts';

it('an edit of a contact that was merged, and whose survivor was merged since, goes to the last one', async () => {
  await using two = await twoWay('local-wins');
  const [a, b, c, d] = two.ids as [string, string, string, string];
  two.sql("UPDATE contacts SET Title = 'Ours' WHERE Id = ?", a);
  await two.theirs('merge', { master: b, losers: [a] });
  await two.theirs('merge', { master: c, losers: [b] });
  await two.theirs('merge', { master: d, losers: [c] });
  await two.cycle();
  expect((await two.org()).get(d)).toMatchObject({ Title: 'Ours' });
  expect((await two.rig.context.mirror.outbox.list()).map(({ state }) => state)).toEqual(['done']);
});

it('an edit of a contact whose last survivor is deleted too is told as of one that is gone', async () => {
  await using two = await twoWay('local-wins');
  const [a, b, c] = two.ids as [string, string, string];
  two.sql("UPDATE contacts SET Title = 'Ours' WHERE Id = ?", a);
  await two.theirs('merge', { master: b, losers: [a] });
  await two.theirs('merge', { master: c, losers: [b] });
  await two.theirs('delete', { ids: [c] });
  await two.cycle();
  expect((await two.rig.context.mirror.outbox.list()).map(({ state }) => state)).toEqual(['rejected']);
});

it('an edit that the survivor of a merge has already shows it once, also before it is read back', async () => {
  await using two = await twoWay('local-wins');
  const [a, b] = two.ids as [string, string];
  await two.theirs('touch', { ids: [b], set: { Title: 'Same' } });
  two.rig.pass(120_000);
  await two.cycle();
  two.sql("UPDATE contacts SET Title = 'Same' WHERE Id = ?", a);
  two.sql("UPDATE contacts SET Department = 'Mine' WHERE Id = ?", b);
  await two.theirs('merge', { master: b, losers: [a] });
  const { mirror } = two.rig.context;
  const shown: number[] = [];
  const outbox = new Proxy(mirror.outbox, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        const answer: unknown = await value.apply(target, args);
        if (name === 'decideEdits') shown.push(two.rows('Id = ?', b).length);
        return answer;
      };
    },
  });
  two.rig.context.mirror = new Proxy(mirror, {
    get(target, name) {
      if (name === 'outbox') return outbox;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  await two.cycle();
  expect(shown.length).toBeGreaterThan(0);
  expect(Math.max(...shown)).toBe(1);
});

it('an edit of a contact that was merged does not take the place of a refused one of the survivor', async () => {
  await using two = await twoWay('local-wins');
  const { outbox } = two.rig.context.mirror;
  const [a, b] = two.ids as [string, string];
  await two.theirs('touch', { ids: [a], set: { Title: 'Of a' } });
  two.rig.pass(120_000);
  await two.cycle();
  const noBad = { name: 'NoBad', condition: "Department = 'Bad'", message: 'No.' };
  await control(two.rig.emulator.url, 'settings', { validationRules: [noBad] });
  two.sql("UPDATE contacts SET Title = 'Refused', Department = 'Bad' WHERE Id = ?", b);
  await two.cycle();
  expect(await two.states()).toEqual(['rejected']);
  two.sql("UPDATE contacts SET Title = 'Ours' WHERE Id = ?", a);
  await two.theirs('merge', { master: b, losers: [a] });
  for (let n = 0; n < 3; n++) {
    await two.cycle();
    two.rig.pass(180_000);
  }
  expect((await two.org()).get(b)).toMatchObject({ Title: 'Ours' });
  expect(await outbox.list()).toMatchObject([
    { state: 'rejected', changes: { Title: 'Refused', Department: 'Bad' } },
    { state: 'done', changes: { Title: 'Ours' } },
  ]);
  expect(two.rows('Id = ?', b)).toMatchObject([{ _state: 'rejected' }]);
});
