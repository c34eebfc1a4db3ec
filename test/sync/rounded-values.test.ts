import { expect, it } from 'vitest';
import type { Field } from '../../src/sync/ports/field.ts';
import { sameValue } from '../../src/sync/push/values/same-value.ts';
import { contactsOf } from '../e2e/org.ts';
import fc from '../support/properties.ts';
import { openRig } from './rig.ts';
import { twoWay } from './two-way-rig.ts';

const amount = 'Lifetime_Value__c';
const fieldOf = (scale: number) => ({ type: 'currency', scale }) as Field;

it.each([
  [1.005, 1.01],
  [10.235, 10.24],
  [12.345, 12.35],
  [-12.345, -12.34],
  [-12.3451, -12.35],
  [0.995, 1],
  [-0.005, 0],
  [8.5e-3, 0.01],
])('%d in a field of two decimals is %d, as Salesforce rounds halves up', (given, told) => {
  expect(sameValue(given, told, fieldOf(2))).toBe(true);
});

it('a number is the same as what the org keeps of it, and as no other one', async () => {
  await using rig = await openRig({ contacts: 0 });
  const number = fc.tuple(fc.integer({ min: -9_999_999, max: 9_999_999 }), fc.nat({ max: 7 }));
  const numbers = fc.sample(number, 150).map(([digits, places]) => Number(`${digits}e-${places}`));
  const halves = fc.sample(fc.integer({ min: -99_999, max: 99_999 }), 50).map((n) => Number(`${n}5e-3`));
  const given = [...numbers, ...halves];
  const { url, accessToken } = rig.emulator;
  const response = await fetch(`${url}/services/data/v62.0/composite/sobjects`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      records: given.map((value, i) => ({
        attributes: { type: 'Contact' },
        LastName: `N${i}`,
        [amount]: value,
      })),
    }),
  });
  expect(await response.json()).toHaveLength(given.length);
  const kept = new Map((await contactsOf(url)).map((row) => [row.LastName, Number(row[amount])]));
  for (const [i, value] of given.entries()) {
    const told = kept.get(`N${i}`)!;
    expect(sameValue(value, told, fieldOf(2)), `${value} is kept as ${told}`).toBe(true);
    expect(sameValue(value, Math.round(told * 100 + 1) / 100, fieldOf(2)), `${value}, ${told}`).toBe(false);
  }
});

it.each(['salesforce-wins', 'local-wins', 'manual'] as const)(
  'an edit by SQL that a last decimal tells from what is there is sent: %s',
  async (policy) => {
    await using two = await twoWay(policy);
    const [id = ''] = two.ids;
    await two.theirs('touch', { ids: [id], set: { [amount]: 1 } });
    two.rig.pass(180_000);
    await two.cycle();
    two.sql('UPDATE contacts SET Lifetime_Value__c = 1.005 WHERE Id = ?', id);
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({ [amount]: 1.01 });
  },
);
