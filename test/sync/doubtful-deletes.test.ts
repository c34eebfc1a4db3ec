import { describe, expect, it } from 'vitest';
import { control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { minute, settled, takeUp, unread } from './two-way-acts.ts';
import { readings, twoWay } from './two-way-rig.ts';

/** A delete of the first contact without an answer, not carried out, that could not be looked at. */
async function inDoubt(how: string, { unseen = {} as Record<string, unknown> } = {}) {
  const two = await twoWay('manual');
  const { context, signal, emulator } = two.rig;
  const [id] = two.ids as [string];
  two.rig.pass(3 * minute);
  await two.cycle();
  // This tool's own change, which the mirror has not seen yet.
  if (Object.keys(unseen).length > 0)
    await unread(two, () => pushAll(context, recordsOf([{ Id: id, ...unseen }]), { signal }));
  // Before an edit is sent its contact is read, and twice more where what was written before it is not read back.
  const before = how !== 'by SQL' ? 0 : Object.keys(unseen).length > 0 ? 3 : 1;
  await control(emulator.url, 'faults', [
    { match: 'DELETE .*/composite/sobjects', status: 503, times: 9 },
    { match: readings, skip: before, status: 503, times: 99 },
  ]);
  if (how === 'by SQL') {
    two.sql('DELETE FROM contacts WHERE Id = ?', id);
    await two.cycle();
  } else await pushAll(context, recordsOf([{ Id: id, IsDeleted: true }]), { signal });
  expect((await two.states()).at(-1)).toBe('in-doubt');
  await control(emulator.url, 'faults', []);
  two.rig.pass(90_000);
  return { two, id };
}

describe.each(['by SQL', 'by a push'])('a delete in doubt %s that meets a change', (how) => {
  it('names the values of others, in the record too, where they are deleted after all', async () => {
    const { two, id } = await inDoubt(how);
    await using _two = two;
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs', Department: 'Dep' } });
    await settled(two);
    const [{ errors, base } = { errors: [], base: {} }] = await two.rig.context.mirror.outbox.list({
      states: ['conflict'],
    });
    expect(base).toMatchObject({ Title: 'Theirs' });
    expect(base).not.toHaveProperty('attributes');
    const message =
      'The contact was changed or restored in Salesforce after its delete was sent: Title is "Theirs"; Department is "Dep".';
    expect(errors).toEqual([{ code: 'CONFLICT', message, fields: ['Title', 'Department'] }]);
    await takeUp(two, 'conflict');
    await settled(two);
    expect((await two.org()).has(id)).toBe(false);
    expect((await two.notes()).join('\n')).toContain('Title is "Theirs"; Department is "Dep".');
  });

  it('says so where nothing but the stamp differs', async () => {
    const { two, id } = await inDoubt(how);
    await using _two = two;
    await two.theirs('touch', { ids: [id], set: { Title: (await two.org()).get(id)?.Title } });
    await settled(two);
    const [{ errors } = { errors: [] }] = await two.rig.context.mirror.outbox.list({ states: ['conflict'] });
    expect(errors).toMatchObject([
      { message: expect.stringMatching(/sent: no field .* only its stamp\.$/), fields: [] },
    ]);
  });
});

it.each(['by SQL', 'by a push'])(
  'a delete in doubt %s names no value that this tool has written before it',
  async (how) => {
    const { two, id } = await inDoubt(how, { unseen: { Department: 'Own' } });
    await using _two = two;
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
    await settled(two);
    expect(await two.rig.context.mirror.outbox.list({ states: ['conflict'] })).toMatchObject([
      { errors: [{ fields: ['Title'] }] },
    ]);
  },
);

it('a pushed delete in doubt of a former version, which kept no values, names none', async () => {
  const { two, id } = await inDoubt('by a push');
  await using _two = two;
  two.sql("UPDATE outbox SET known_before = json_set(known_before, '$.values', json('{}'))");
  await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
  await settled(two);
  const message = 'The contact was changed or restored in Salesforce after its delete was sent.';
  expect(await two.rig.context.mirror.outbox.list({ states: ['conflict'] })).toMatchObject([
    { errors: [{ message, fields: [] }] },
  ]);
});
