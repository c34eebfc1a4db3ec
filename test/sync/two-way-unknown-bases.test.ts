import { describe, expect, it } from 'vitest';
import { conflictPolicies } from '../../src/org/conflict-policy.ts';
import { giveUp, noBad, push, rules, settled, unanswered, unread } from './two-way-acts.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

/** A contact whose edit was made before it was read back, so that nobody knows what it was based on, and was refused. */
async function refused(two: TwoWayRig): Promise<string> {
  await unread(two, () => {
    two.sql("INSERT INTO contacts (_key, LastName) VALUES ('k', 'Ng')");
    return two.cycle();
  });
  await rules(two, noBad);
  two.sql("UPDATE contacts SET Phone = '1', Department = 'Bad' WHERE _key = 'k'");
  await two.cycle();
  const [row] = two.rows("_key = 'k'");
  expect(row).toMatchObject({ Phone: '1', _state: 'rejected' });
  return String(row?.Id);
}

describe.each(conflictPolicies)('with %s, behind a refused edit whose base nobody knows', (policy) => {
  it('a delete is in no conflict with a push before it', async () => {
    await using two = await twoWay(policy);
    const id = await refused(two);
    await push(two, { Id: id, Phone: 'Pushed' });
    two.sql("DELETE FROM contacts WHERE _key = 'k'");
    await two.cycle();
    expect((await two.org()).has(id)).toBe(false);
    expect(await two.notes()).toEqual([]);
  });

  it('a delete is in no conflict with a push before it that was given up', async () => {
    await using two = await twoWay(policy);
    const id = await refused(two);
    await unanswered(two, { reset: 'after-commit' }, () => push(two, { Id: id, Phone: 'Pushed' }));
    await giveUp(two);
    await settled(two);
    two.sql("DELETE FROM contacts WHERE _key = 'k'");
    await settled(two);
    expect((await two.org()).has(id)).toBe(false);
    expect(await two.notes()).toEqual([]);
  });

  it('an edit of the field is in no conflict with a push before it', async () => {
    await using two = await twoWay(policy);
    const id = await refused(two);
    await push(two, { Id: id, Phone: 'Pushed' });
    two.sql("UPDATE contacts SET Phone = '2', Department = 'Good' WHERE _key = 'k'");
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({ Phone: '2', Department: 'Good' });
    expect(await two.notes()).toEqual([]);
  });

  it.each([
    ["UPDATE contacts SET Phone = '2', Department = 'Good' WHERE _key = 'k'"],
    ["DELETE FROM contacts WHERE _key = 'k'"],
  ])('a change by others behind that push is one: %s', async (statement) => {
    await using two = await twoWay(policy);
    const id = await refused(two);
    await push(two, { Id: id, Phone: 'Pushed' });
    await two.theirs('touch', { ids: [id], set: { Phone: 'Theirs' } });
    two.sql(statement);
    await two.cycle();
    expect((await two.notes()).join()).toContain('Phone');
  });
});
