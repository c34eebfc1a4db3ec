import { expect, it } from 'vitest';
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
