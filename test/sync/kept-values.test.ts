import { expect, it } from 'vitest';
import type { Field } from '../../src/sync/ports/field.ts';
import { sameValue, surelySame } from '../../src/sync/push/values/same-value.ts';
import { typedValue } from '../../src/sync/push/values/typed-value.ts';
import { contactsOf, control } from '../e2e/org.ts';
import fc from '../support/properties.ts';
import { openRig } from './rig.ts';

const two = (most: number, least = 0) =>
  fc.integer({ min: least, max: most }).map((n) => String(n).padStart(2, '0'));
const day = fc.tuple(fc.constantFrom('1940', '2024'), two(3, 1), two(28, 1)).map((parts) => parts.join('-'));
const clock = fc
  .tuple(two(23), two(59), two(59), fc.constantFrom('', '.4', '.500', '.999'))
  .map(([h, m, s, rest]) => `${h}:${m}:${s}${rest}`);
const zone = fc.constantFrom('Z', '+00:00', '+05:00', '-05:00', '+1400', '-1130');
const instant = fc.tuple(day, clock, zone).map(([date, time, offset]) => `${date}T${time}${offset}`);
const edge = fc.constantFrom('', '', ' ', '\t', '\n', '\r\n', '\u001f', '\u00a0', '\u2003');
const padded = (text: fc.Arbitrary<string>) => fc.tuple(edge, text, edge).map((parts) => parts.join(''));
const item = padded(
  fc.constantFrom('Billing', 'billing', 'Mobile', 'MOBILE', 'Security', 'Analytics', '', ''),
);
const word = fc.constantFrom('a', 'A', 'Ada', 'ada', 'x\ny', 'x\r\ny', 'é', 'e\u0301', '😀', '1', '1.0', '');

/** Values as programs and files give them; what the org refuses of them is left out. */
const given: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  Title: padded(word),
  Description: padded(word),
  Email: padded(fc.constantFrom('ada@example.com', 'Ada@Example.com', 'a.b@example.com', '')),
  Phone: padded(fc.constantFrom('+49 30 1', '0170', '')),
  LeadSource: padded(fc.constantFrom('Web', 'web', 'Other', 'Own Value', 'own value', '')),
  CleanStatus: padded(fc.constantFrom('Matched', 'matched', 'Pending', '')),
  Interests__c: fc.array(item, { maxLength: 4 }).map((items) => items.join(';')),
  Birthdate: fc.oneof(day, instant, padded(day)),
  Last_Seen__c: fc.oneof(instant, padded(instant)),
  Lifetime_Value__c: fc.oneof(
    fc.integer({ min: -9_999, max: 9_999 }).map((n) => n / 1_000),
    fc.integer({ min: -999, max: 999 }).map((n) => `${n}.0`),
  ),
  Visits__c: fc.oneof(fc.integer({ min: -99, max: 99 }), fc.constantFrom('1', '01', '1.0', ' 7')),
  Time__c: fc.tuple(clock, fc.constantFrom('', 'Z')).map((parts) => parts.join('')),
  Percent__c: fc.integer({ min: -9_999, max: 9_999 }).map((n) => n / 1_000),
  Newsletter__c: fc.constantFrom(true, false, 'true', 'FALSE', '', null),
};

const more = [
  { name: 'Time__c', type: 'time' },
  { name: 'Percent__c', type: 'percent', precision: 5, scale: 2 },
];

async function describedFields(org: { url: string; accessToken: string }): Promise<Map<string, Field>> {
  const path = `${org.url}/services/data/v62.0/sobjects/Contact/describe`;
  const answer = await fetch(path, { headers: { authorization: `Bearer ${org.accessToken}` } });
  const { fields } = (await answer.json()) as {
    fields: (Omit<Field, 'picklistValues'> & { picklistValues: { value: string }[] })[];
  };
  return new Map(
    fields.map((field) => [
      field.name,
      { ...field, picklistValues: field.picklistValues.map(({ value }) => value) },
    ]),
  );
}

/** Two kinds of line ends are taken for one: between them and the org there may be much that changes them. */
const withPlainEnds = (kept: unknown) => (typeof kept === 'string' ? kept.replaceAll('\r\n', '\n') : kept);

/** What the org keeps of each value; those that it refuses are not in the answer. */
async function keptOf(
  org: { url: string; accessToken: string },
  name: string,
  values: readonly unknown[],
): Promise<{ value: unknown; kept: unknown }[]> {
  const ids = new Map<string, unknown>();
  for (const value of values) {
    const response = await fetch(`${org.url}/services/data/v62.0/sobjects/Contact`, {
      method: 'POST',
      headers: { authorization: `Bearer ${org.accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ LastName: 'N', [name]: value }),
    });
    if (response.status === 201) ids.set(((await response.json()) as { id: string }).id, value);
  }
  const rows = new Map((await contactsOf(org.url)).map((row) => [row.Id, row]));
  return [...ids].map(([id, value]) => ({ value, kept: rows.get(id)?.[name] }));
}

/** An org with all these fields, and what its describe says of one. */
async function orgWith(name: string) {
  const rig = await openRig({ contacts: 0, customFields: 20 });
  await control(rig.emulator.url, 'settings', { addFields: more });
  const field = (await describedFields(rig.emulator)).get(name)!;
  return { org: rig.emulator, field, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

it.each(Object.keys(given))(
  '%s: a value is the same as what the org keeps of it, and as all of which it keeps the same',
  async (name) => {
    await using all = await orgWith(name);
    const { org, field } = all;
    const values = [...new Set(fc.sample(given[name]!, 60))];
    const kept = await keptOf(org, name, values);
    expect(kept.length).toBeGreaterThan(values.length / 4);
    for (const { value, kept: own } of kept)
      expect(sameValue(value, own, field), `${JSON.stringify(value)} is kept as ${JSON.stringify(own)}`).toBe(
        true,
      );
    for (const a of kept)
      for (const b of kept) {
        const both = `${JSON.stringify(a.value)} and ${JSON.stringify(b.value)}`;
        if (a.kept === b.kept) expect(sameValue(a.value, b.value, field), both).toBe(true);
        else if (withPlainEnds(a.kept) !== withPlainEnds(b.kept))
          expect(surelySame(a.value, b.value, field), both).toBe(false);
      }
  },
);

it.each(Object.keys(given))(
  '%s: what a push makes of a value is taken, and is the same as what the org keeps of it',
  async (name) => {
    await using all = await orgWith(name);
    const { org, field } = all;
    const typed = fc.sample(given[name]!, 60).flatMap((value) => {
      const made = typedValue(value, field);
      return 'value' in made && made.value !== null ? [made.value] : [];
    });
    const taken = await keptOf(org, name, typed);
    expect(taken.map(({ value }) => value)).toEqual(typed);
    expect(typed.length).toBeGreaterThan(15);
    for (const { value, kept } of taken)
      expect(
        sameValue(value, kept, field),
        `${JSON.stringify(value)} is kept as ${JSON.stringify(kept)}`,
      ).toBe(true);
  },
);
