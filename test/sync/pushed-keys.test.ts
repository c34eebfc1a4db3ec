import { describe, expect, it } from 'vitest';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const external = 'ParaHack_Id__c';
const ofNew = `${external} = 'N0'`;

/** One that an upsert makes, or one of two: a create that is alone is sent with a key of its own. */
const recordsFor = (upsertField: string | null) =>
  recordsOf([
    { [external]: 'N0', LastName: 'New' },
    ...(upsertField === null ? [{ LastName: 'Other' }] : []),
  ]);

/** A push during `faults`, and then a pull. Returns the key of its first record, and what the view shows of the contact. */
async function pushedAndPulled(two: TwoWayRig, upsertField: string | null, faults: object[]) {
  const { context, signal, emulator } = two.rig;
  await control(emulator.url, 'faults', faults);
  await pushAll(context, recordsFor(upsertField), { signal, upsertField }).catch(() => {});
  await control(emulator.url, 'faults', []);
  two.rig.pass(180_000);
  await runCycle(context, { push: false, signal });
  const [entry] = await context.mirror.outbox.list();
  const [row] = two.rows(ofNew);
  return { entry: entry!, row: row! };
}

const sending = '(PATCH|POST) .*/(composite/sobjects|ui-api)';

describe.each([external, null])('a contact that a push has made (upsert by %s)', (upsertField) => {
  it('keeps the Id by which a pull has shown it while nobody knew who made it', async () => {
    await using two = await twoWay('salesforce-wins', 1);
    const { entry, row } = await pushedAndPulled(two, upsertField, [
      { match: sending, reset: 'after-commit' },
      { match: 'GET .*/query', status: 503, times: 99 },
      { match: sending, status: 503, times: 99 },
    ]);
    expect([entry.state, row._key]).toEqual(['in-doubt', row.Id]);
    for (let n = 0; n < 3; n++) await two.cycle();
    expect(two.rows(ofNew)).toMatchObject([{ _key: row.Id, _state: 'synced' }]);
    const [known] = await two.rig.context.mirror.outbox.list({ keys: [entry.key] });
    expect(known).toMatchObject({ state: 'done', contactKey: row.Id, contactId: row.Id });
    // A program that has kept it meets its row.
    two.sql("UPDATE contacts SET Title = 'CFO' WHERE _key = ?", row._key);
    await two.cycle();
    // It waits for the end of the request that got no answer.
    two.rig.pass(180_000);
    await two.cycle();
    expect((await two.org()).get(String(row.Id))).toMatchObject({ Title: 'CFO' });
  });

  it('goes by the key of the push from the first on, where a pull brings it before it is read back', async () => {
    await using two = await twoWay('salesforce-wins', 1);
    const { entry, row } = await pushedAndPulled(two, upsertField, [
      { match: 'POST .*/composite/sobjects/Contact(\\?|$)', status: 503, times: 99 },
    ]);
    expect([entry.state, entry.readBackDue, row._key]).toEqual(['done', true, entry.key]);
    two.sql("UPDATE contacts SET Title = 'CFO' WHERE _key = ?", row._key);
    for (let n = 0; n < 3; n++) await two.cycle();
    expect(two.rows(ofNew)).toMatchObject([{ _key: entry.key, Title: 'CFO', _state: 'synced' }]);
    expect((await two.org()).get(String(row.Id))).toMatchObject({ Title: 'CFO' });
  });
});
