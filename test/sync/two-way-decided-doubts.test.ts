import { describe, expect, it } from 'vitest';
import type { ConflictPolicy } from '../../src/org/conflict-policy.ts';
import { control } from '../e2e/org.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const entries = async ({ rig }: TwoWayRig) => rig.context.mirror.outbox.list();
const states = async (two: TwoWayRig) => (await entries(two)).map(({ state }) => state);
const policies = ['salesforce-wins', 'local-wins', 'manual'] as const;

/** An edit whose answer was lost, and which met `theirs` when it was asked for; a person has taken the local side. */
async function takenLocally(
  policy: ConflictPolicy,
  sql: string,
  theirs: (two: TwoWayRig, id: string) => Promise<unknown>,
) {
  const two = await twoWay(policy);
  const [id] = two.ids as [string];
  const { emulator, pass } = two.rig;
  two.sql(sql, id);
  pass(5_000);
  await control(emulator.url, 'faults', [
    { match: '(PATCH|DELETE) .*/composite/sobjects', times: 99, reset: 'before' },
  ]);
  await two.cycle();
  pass(5_000);
  await theirs(two, id);
  pass(5_000);
  await control(emulator.url, 'faults', []);
  await two.cycle();
  expect(await states(two)).toEqual(['conflict']);
  await takeLocal(two);
  return { two, id };
}

async function takeLocal(two: TwoWayRig) {
  const { mirror, clock } = two.rig.context;
  const keys = (await entries(two)).map(({ key }) => key);
  await mirror.outbox.move(keys, ['conflict'], 'pending', clock.now());
}

const touched = (two: TwoWayRig, id: string) => two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });

describe('a decision for the local side of an edit that was in doubt', () => {
  it.each(policies)('holds for an update, whatever the policy: %s', async (policy) => {
    const { two, id } = await takenLocally(
      policy,
      "UPDATE contacts SET Title = 'Ours' WHERE Id = ?",
      touched,
    );
    await using _two = two;
    await two.cycle();
    expect(await states(two)).toEqual(['done']);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Ours' });
  });

  it.each(policies)('holds for a delete, whatever the policy: %s', async (policy) => {
    const { two, id } = await takenLocally(policy, 'DELETE FROM contacts WHERE Id = ?', touched);
    await using _two = two;
    await two.cycle();
    expect((await two.org()).has(id)).toBe(false);
    expect(await states(two)).toEqual(['done']);
  });

  it.each([
    ['an update', "UPDATE contacts SET Title = 'Ours' WHERE Id = ?"],
    ['a delete', 'DELETE FROM contacts WHERE Id = ?'],
  ])('does not hold against what was changed since: %s', async (_, sql) => {
    const { two, id } = await takenLocally('manual', sql, touched);
    await using _two = two;
    await two.theirs('touch', { ids: [id], set: { Title: 'Later' } });
    await two.cycle();
    expect(await states(two)).toEqual(['conflict']);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Later' });
  });

  it.each(policies)('tells that nothing can take it, where the contact is gone: %s', async (policy) => {
    const { two } = await takenLocally(policy, "UPDATE contacts SET Title = 'Ours' WHERE Id = ?", (own, id) =>
      own.theirs('delete', { ids: [id] }),
    );
    await using _two = two;
    await two.cycle();
    expect(await states(two)).toEqual(['rejected']);
  });

  it('keeps what the edit was based on before, for who gives it up after all', async () => {
    const { two } = await takenLocally('manual', "UPDATE contacts SET Title = 'Ours' WHERE Id = ?", touched);
    await using _two = two;
    const [entry] = await entries(two);
    expect(entry).toMatchObject({ base: { Title: 'Theirs' }, found: { Title: 'Theirs' } });
    expect(entry!.firstBase).toEqual({ Title: expect.not.stringMatching('Theirs') });
  });
});
