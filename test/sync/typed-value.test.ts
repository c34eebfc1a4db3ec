import { expect, test } from 'vitest';
import type { Field } from '../../src/sync/ports/field.ts';
import { typedValue } from '../../src/sync/push/values/typed-value.ts';

test.each(['string', 'boolean', 'double', 'date', 'datetime', 'reference', 'picklist'])(
  'a symbol or a function, which a program alone can give, is no value of a field of type %s',
  (type) => {
    const field = { name: 'Any__c', type, length: 80, nillable: true } as Field;
    for (const value of [Symbol('Lovelace'), () => 'Lovelace'])
      expect(typedValue(value, field)).toMatchObject({
        fault: { code: 'WRONG_TYPE', message: `Any__c takes a plain value, not a ${typeof value}.` },
      });
  },
);

test.each(['string', 'textarea', 'phone', 'email', 'picklist'])(
  'a NUL within a text of a field of type %s is a fault, for Salesforce would keep the text without it',
  (type) => {
    const field = { name: 'Any__c', type, length: 80, nillable: true } as Field;
    expect(typedValue('a\0b', field)).toMatchObject({
      fault: { code: 'WRONG_TYPE', message: expect.stringContaining('NUL') },
    });
  },
);

test.each([
  ['1940-06-07', '1940-06-07'],
  ['1940-06-07Z', '1940-06-07'],
  ['1940-06-07T23:30:00-05:00', '1940-06-07'],
  ['1940-06-07T00:00:00.000+02:00', '1940-06-07'],
  ['1940-06-07 00:00:00', '1940-06-07'],
])('a date is the day that is written, whatever time and zone stand behind it: %s', (given, day) => {
  const field = { name: 'Birthdate', type: 'date', nillable: true } as Field;
  expect(typedValue(given, field)).toEqual({ value: day });
});

test('a value that a multi-select picklist is given twice is sent once', () => {
  const field = { name: 'Any__c', type: 'multipicklist', length: 80, nillable: true } as Field;
  const open = { ...field, restrictedPicklist: false, picklistValues: [] as string[] };
  expect(typedValue('a; b;;a ;B', open)).toEqual({ value: 'a;b;B' });
  expect(typedValue(' ; ;', open)).toEqual({ value: null });
});
