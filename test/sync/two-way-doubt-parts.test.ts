import { expect, it } from 'vitest';
import { unanswered } from './two-way-acts.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const policies = ['salesforce-wins', 'local-wins', 'manual'] as const;

/** An edit of two fields without an answer, not carried out or carried out and changed back, and what a colleague does then. */
async function inConflict(
  two: TwoWayRig,
  fault: Parameters<typeof unanswered>[1],
  theirs: Record<string, unknown>,
) {
  const { context } = two.rig;
  const [id = ''] = two.ids;
  two.sql("UPDATE contacts SET Title = 'Mine', Phone = '222' WHERE Id = ?", id);
  await unanswered(two, fault, () => two.cycle(), 1);
  expect(await two.states()).toEqual(['in-doubt']);
  two.rig.pass(90_000);
  await two.theirs('touch', { ids: [id], set: theirs });
  two.rig.pass(180_000);
  await two.cycle();
  const [entry] = await context.mirror.outbox.list({ states: ['conflict'] });
  return { id, entry: entry! };
}

it.each(policies)(
  'an edit in doubt is in conflict for the field that a colleague has changed, and the other is sent: %s',
  async (policy) => {
    await using two = await twoWay(policy);
    const { id, entry } = await inConflict(two, { status: 503 }, { Title: 'Theirs' });
    expect(entry.errors).toMatchObject([
      { fields: ['Title'], message: expect.not.stringContaining('Phone') },
    ]);
    const { context } = two.rig;
    await context.mirror.outbox.takeTheirs([entry.key], context.clock.now());
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Theirs', Phone: '222' });
  },
);

it('one that is seen to have been carried out is in conflict for a field that was set back since', async () => {
  await using two = await twoWay('manual');
  const before = (await two.org()).get(two.ids[0]!)?.Phone;
  const { entry } = await inConflict(two, { reset: 'after-commit' }, { Phone: before });
  expect(entry.errors).toMatchObject([{ fields: ['Phone'] }]);
});
