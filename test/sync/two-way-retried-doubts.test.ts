import { describe, expect, it } from 'vitest';
import { conflictPolicies } from '../../src/org/conflict-policy.ts';
import { control } from '../e2e/org.ts';
import { readings, type TwoWayRig, twoWay } from './two-way-rig.ts';

/**
 * An edit that was carried out, or was lost so, whose answer was lost, and which a person has sent once more. `pulled`: reads
 * before the edit's own.
 */
async function retried(two: TwoWayRig, title: string, pulled = 0, lost: object = { reset: 'after-commit' }) {
  const { context, emulator } = two.rig;
  await control(emulator.url, 'faults', [
    { match: 'PATCH .*/composite/sobjects$', ...lost },
    { match: readings, skip: 1 + pulled, status: 503, times: 99 },
  ]);
  two.sql('UPDATE contacts SET Title = ? WHERE Id = ?', title, two.ids[0]);
  await two.cycle();
  await control(emulator.url, 'faults', []);
  const { outbox } = context.mirror;
  const [entry] = await outbox.list({ states: ['in-doubt'] });
  expect(await outbox.move([entry!.key], ['in-doubt'], 'pending', context.clock.now())).toHaveLength(1);
}

async function untilSettled(two: TwoWayRig) {
  for (let n = 0; n < 3; n++) {
    await two.cycle();
    two.rig.pass(180_000);
  }
}

describe.each(conflictPolicies)(
  'an edit in doubt that was carried out and is sent once more, where the program goes on: %s',
  (policy) => {
    it('is no conflict with the next edit, which goes into it', async () => {
      await using two = await twoWay(policy, 2);
      await retried(two, 'X');
      two.sql("UPDATE contacts SET Title = 'Y', Department = 'D' WHERE Id = ?", two.ids[0]);
      await untilSettled(two);
      expect(await two.notes()).toEqual([]);
      expect((await two.org()).get(two.ids[0]!)).toMatchObject({ Title: 'Y', Department: 'D' });
    });

    it('is none with the one after the next, nor where the next was lost too', async () => {
      await using two = await twoWay(policy, 2);
      await retried(two, 'X');
      const { outbox } = two.rig.context.mirror;
      const [lost] = await outbox.lostRequests();
      await outbox.noteLost([{ key: lost!.entry.key, over: two.rig.context.remote.clock.now() }]);
      await retried(two, 'Y', 1);
      two.sql("UPDATE contacts SET Title = 'Last' WHERE Id = ?", two.ids[0]);
      await untilSettled(two);
      expect(await two.notes()).toEqual([]);
      expect((await two.org()).get(two.ids[0]!)).toMatchObject({ Title: 'Last' });
    });

    it('is none with the one after the next, where that was lost and not carried out', async () => {
      await using two = await twoWay(policy, 2);
      await retried(two, 'X');
      const { outbox } = two.rig.context.mirror;
      const [lost] = await outbox.lostRequests();
      await outbox.noteLost([{ key: lost!.entry.key, over: two.rig.context.remote.clock.now() }]);
      await retried(two, 'Y', 1, { reset: 'before', times: 99 });
      expect((await two.org()).get(two.ids[0]!)).toMatchObject({ Title: 'X' });
      two.sql("UPDATE contacts SET Title = 'Last' WHERE Id = ?", two.ids[0]);
      await untilSettled(two);
      expect(await two.notes()).toEqual([]);
      expect((await two.org()).get(two.ids[0]!)).toMatchObject({ Title: 'Last' });
    });

    it('is taken back in Salesforce where the program takes it back', async () => {
      await using two = await twoWay(policy, 2);
      const [{ Title: before }] = two.rows('Id = ?', two.ids[0]) as [{ Title: string }];
      await retried(two, 'X');
      two.sql('UPDATE contacts SET Title = ? WHERE Id = ?', before, two.ids[0]);
      await untilSettled(two);
      expect(await two.notes()).toEqual([]);
      expect((await two.org()).get(two.ids[0]!)).toMatchObject({ Title: before });
      expect(two.rows('Id = ?', two.ids[0])).toMatchObject([{ Title: before, _state: 'synced' }]);
    });

    it('is in the way of no delete', async () => {
      await using two = await twoWay(policy, 2);
      await retried(two, 'X');
      two.sql('DELETE FROM contacts WHERE Id = ?', two.ids[0]);
      await untilSettled(two);
      expect(await two.notes()).toEqual([]);
      expect((await two.org()).has(two.ids[0]!)).toBe(false);
    });

    it('passes for no change that a user has made meanwhile', async () => {
      await using two = await twoWay(policy, 2);
      await retried(two, 'X');
      two.sql("UPDATE contacts SET Title = 'Y' WHERE Id = ?", two.ids[0]);
      await two.theirs('touch', { ids: [two.ids[0]], set: { Title: 'Theirs' } });
      await untilSettled(two);
      if (policy === 'manual') expect(await two.states()).toEqual(['conflict']);
      else expect(await two.notes()).toHaveLength(1);
      const expected = policy === 'local-wins' ? 'Y' : 'Theirs';
      expect((await two.org()).get(two.ids[0]!)).toMatchObject({ Title: expected });
    });
  },
);
