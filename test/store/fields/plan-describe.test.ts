import { describe, expect, test } from 'vitest';
import { planDescribe } from '../../../src/store/fields/plan-describe.ts';
import { field } from '../sqlite/contact-fields.ts';

describe('the form in which a store keeps a field', () => {
  test('follows its type: numbers are real, booleans and whole numbers integers, all else text', () => {
    const described = [
      field('MailingLatitude', 'double'),
      field('Visits__c', 'int'),
      field('DoNotCall', 'boolean'),
      field('Birthdate', 'date'),
    ];
    const { columns } = planDescribe([], described, null, false);
    expect(columns.map((column) => [column.field.name, column.columnType])).toEqual([
      ['MailingLatitude', 'REAL'],
      ['Visits__c', 'INTEGER'],
      ['DoNotCall', 'INTEGER'],
      ['Birthdate', 'TEXT'],
    ]);
  });

  test('is another one after a change of type, and then the old values are dropped', () => {
    const known = [{ name: 'Visits__c', type: 'int', columnType: 'INTEGER' as const, vanished: false }];
    const { columns } = planDescribe(known, [field('Visits__c', 'string')], null, true);
    expect(columns).toMatchObject([{ columnType: 'TEXT', isNew: true, replaces: true, unfilled: 1 }]);
  });

  test('may stay the same though the type changes: the values that are there are old ones until they are read again', () => {
    const known = [{ name: 'Tier__c', type: 'string', columnType: 'TEXT' as const, vanished: false }];
    const planned = (type: string, hasRows: boolean) =>
      planDescribe(known, [field('Tier__c', type)], null, hasRows).columns;
    expect(planned('picklist', true)).toMatchObject([{ isNew: false, replaces: false, unfilled: 2 }]);
    expect(planned('picklist', false)).toMatchObject([{ unfilled: 0 }]);
    expect(planned('string', true)).toMatchObject([{ unfilled: 0 }]);
  });
});
