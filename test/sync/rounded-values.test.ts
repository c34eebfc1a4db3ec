import { expect, it } from 'vitest';
import { coerce } from '../../src/emulator/org/write/coerce.ts';
import type { Field as OrgField } from '../../src/emulator/schema/field.ts';
import type { Field } from '../../src/sync/ports/field.ts';
import { sameValue } from '../../src/sync/push/values/same-value.ts';
import fc from '../support/properties.ts';
import { twoWay } from './two-way-rig.ts';

const fieldOf = (scale: number) => ({ type: 'currency', scale }) as Field;

/** As the org keeps it. */
function kept(number: number, scale: number): unknown {
  const field = { name: 'Amount__c', type: 'currency', document: { label: 'Amount', precision: 0, scale } };
  const coerced = coerce(field as unknown as OrgField, number, { kind: 'json', body: undefined });
  if ('error' in coerced) throw new Error(coerced.error.message);
  return coerced.value;
}

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

it('a number is the same as what the org keeps of it, and as no other one', () => {
  const number = fc.tuple(fc.integer({ min: -99_999_999, max: 99_999_999 }), fc.nat({ max: 7 }));
  fc.assert(
    fc.property(number, fc.nat({ max: 4 }), ([digits, places], scale) => {
      const given = Number(`${digits}e-${places}`);
      const told = kept(given, scale);
      expect(sameValue(given, told, fieldOf(scale))).toBe(true);
      const next = Number(`${Number(told) * 10 ** scale + 1}e-${scale}`);
      expect(sameValue(given, next, fieldOf(scale))).toBe(false);
    }),
  );
});

it.each(['salesforce-wins', 'local-wins', 'manual'] as const)(
  'an edit by SQL that a last decimal tells from what is there is sent: %s',
  async (policy) => {
    await using two = await twoWay(policy);
    const [id = ''] = two.ids;
    await two.theirs('touch', { ids: [id], set: { Lifetime_Value__c: 1 } });
    two.rig.pass(180_000);
    await two.cycle();
    two.sql('UPDATE contacts SET Lifetime_Value__c = 1.005 WHERE Id = ?', id);
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({ Lifetime_Value__c: 1.01 });
  },
);
