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
