import { expect, it } from 'vitest';
import { settled, unanswered } from './two-way-acts.ts';
import { twoWay } from './two-way-rig.ts';

it('a field that a colleague has set back, beside another that they changed, is not written over untold', async () => {
  await using two = await twoWay('manual');
  const { context } = two.rig;
  const [id = ''] = two.ids;
  const before = (await two.org()).get(id)!;
  two.sql("UPDATE contacts SET Title = 'Mine', Phone = '222' WHERE Id = ?", id);
  await unanswered(two, { reset: 'after-commit' }, () => two.cycle(), 1);
  expect((await two.org()).get(id)).toMatchObject({ Title: 'Mine', Phone: '222' });
  two.rig.pass(90_000);
  // What was written here is undone by a colleague, who knows another number.
  await two.theirs('touch', { ids: [id], set: { Title: before.Title, Phone: '333' } });
  two.rig.pass(180_000);
  await two.cycle();
  const [entry] = await context.mirror.outbox.list({ states: ['conflict'] });
  await context.mirror.outbox.takeTheirs([entry!.key], context.clock.now());
  await settled(two);
  expect((await two.org()).get(id)).toMatchObject({ Title: before.Title, Phone: '333' });
});
