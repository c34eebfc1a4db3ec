import { describe, expect, it } from 'vitest';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { contactsOf, control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { openRig, type Rig } from './rig.ts';

const minute = 60_000;

async function copied(): Promise<Rig> {
  const rig = await openRig({ contacts: 1 });
  expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
  return rig;
}

/** A name by Id, of the org's contacts. */
const namesOf = async ({ emulator }: Rig) =>
  new Map((await contactsOf(emulator.url)).map(({ Id, LastName }) => [Id, LastName]));

const refuse = ({ emulator }: Rig, ...conditions: string[]) =>
  control(emulator.url, 'settings', {
    validationRules: conditions.map((condition, n) => ({ name: `No${n}`, condition, message: 'No.' })),
  });

/** Cycles until all is over that can still come of earlier requests. */
async function settled({ context, signal, pass }: Rig): Promise<void> {
  for (let cycles = 0; cycles < 4; cycles++) {
    pass(3 * minute);
    await runCycle(context, { push: true, signal });
  }
}

describe('records whose texts differ in a no-break space at an end alone', () => {
  it.each([
    ['Ng', 'Ng\u00a0'],
    ['Ng\u00a0', 'Ng'],
    ['Ng', '\u3000Ng'],
    ['\u3000Ng', 'Ng'],
  ])('are told apart in the results of a job: %j and %j', async (one, other) => {
    await using rig = await copied();
    const { context, signal } = rig;
    const both = recordsOf([{ LastName: one }, { LastName: other }]);
    const made = (await pushAll(context, both, { signal, api: 'bulk' })).entries;
    const names = await namesOf(rig);
    expect(made.map(({ entry }) => names.get(String(entry?.contactId)))).toEqual([one, other]);

    await refuse(rig, "LastName LIKE 'Ng_' OR LastName LIKE '_Ng'");
    const { entries } = await pushAll(context, both, { signal, api: 'bulk', fresh: true });
    expect(Object.fromEntries(entries.map(({ entry }) => [entry?.changes.LastName, entry?.state]))).toEqual({
      Ng: 'done',
      [one === 'Ng' ? other : one]: 'rejected',
    });
  });

  it.each([
    [{ LastName: 'Ng' }, { LastName: 'Ng\u00a0' }],
    [{ LastName: 'Ng\u00a0' }, { LastName: 'Ng' }],
  ])('are told apart where their creation is in doubt: %j and %j', async (one, other) => {
    await using rig = await copied();
    const { context, signal, emulator } = rig;
    await refuse(rig, "LastName LIKE 'Ng_'");
    await control(emulator.url, 'faults', [{ match: 'POST .*/composite/sobjects$', reset: 'after-commit' }]);
    await pushAll(context, recordsOf([one, other]), { signal, api: 'collections' });
    await control(emulator.url, 'faults', []);
    await refuse(rig);
    await settled(rig);
    const names = await namesOf(rig);
    const entries = await context.mirror.outbox.list();
    expect(entries.map(({ contactId }) => names.get(String(contactId)))).toEqual([
      one.LastName,
      other.LastName,
    ]);
    expect([...names.values()].filter((name) => String(name).trim() === 'Ng')).toHaveLength(2);
  });
});

it('picklist values that are not defined and differ in case are told apart where a creation is in doubt', async () => {
  await using rig = await copied();
  const { context, signal, emulator } = rig;
  const records = ['foo', 'FOO'].map((LeadSource) => ({ LastName: 'Pick', LeadSource }));
  await control(emulator.url, 'faults', [{ match: 'POST .*/composite/sobjects$', reset: 'after-commit' }]);
  await pushAll(context, recordsOf(records), { signal, api: 'collections' });
  await control(emulator.url, 'faults', []);
  await settled(rig);
  const sources = new Map((await contactsOf(emulator.url)).map(({ Id, LeadSource }) => [Id, LeadSource]));
  const entries = await context.mirror.outbox.list();
  expect(entries.map(({ contactId }) => sources.get(String(contactId)))).toEqual(['foo', 'FOO']);
});
