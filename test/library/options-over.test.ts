import { expect, test } from 'vitest';
import { oneOf, optionsOver, wholeNumber } from '../../src/library/options-over.ts';

const usual = { org: null as string | null, limit: 20, all: false };

test('what is not asked for is as usual, and undefined is not asked for', () => {
  expect(optionsOver('list', usual)).toEqual(usual);
  expect(optionsOver('list', usual, { limit: 5, org: undefined })).toEqual({ ...usual, limit: 5 });
});

test('a misspelt option is refused, with the names that there are', () => {
  const asked = { dryrun: true } as Partial<typeof usual>;
  expect(() => optionsOver('push', usual, asked)).toThrow(
    expect.objectContaining({
      code: 'INVALID_INPUT',
      message: 'push has no option dryrun.',
      hint: 'Its options are org, limit, all.',
    }),
  );
});

test.each<[string, object, string]>([
  ['the text "false"', { all: 'false' }, 'Give true or false.'],
  ['null', { all: null }, 'Give true or false.'],
  ['a text', { orgs: 'prod' }, 'Give an array of texts.'],
  ['a list of numbers', { orgs: [5] }, 'Give an array of texts.'],
  ['a number', { org: 5 }, 'Give a text.'],
  ['a bigint', { limit: 5n }, 'Give a number.'],
])('%s is refused where another kind of value is wanted', (_, asked, hint) => {
  expect(() => optionsOver('push', { ...usual, orgs: [] as string[] }, asked)).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', hint }),
  );
});

test('null is taken where it is usual alone', () => {
  expect(optionsOver('list', { ...usual, org: 'prod' as string | null }, { limit: 5 }).org).toBe('prod');
  expect(optionsOver('list', usual, { org: null }).org).toBeNull();
  const where = { where: undefined as string | undefined };
  expect(() => optionsOver('list', where, { where: null } as never)).toThrow(
    expect.objectContaining({ message: 'where of list is null.' }),
  );
});

test.each([null, 5, 'prod', ['prod']])('%j are no options', (asked) => {
  expect(() => optionsOver('list', usual, asked as Partial<typeof usual>)).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', hint: 'Give an object, such as { org: … }.' }),
  );
});

test('a word is one of those that there are', () => {
  expect(oneOf('api', 'rest', ['auto', 'rest'])).toBe('rest');
  expect(() => oneOf('api', 'soap', ['auto', 'rest'])).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', hint: 'It is "auto", "rest".' }),
  );
});

test('what every object has is no option', () => {
  const asked = JSON.parse('{"__proto__": 1}') as Partial<typeof usual>;
  expect(() => optionsOver('push', usual, asked)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
});

test.each([0, 1.5, 101, Number.NaN, '7' as unknown as number])(
  '%s is no number of contacts from 1 to 100',
  (limit) => {
    expect(() => wholeNumber('limit', limit, [1, 100])).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', hint: 'Give a whole number from 1 to 100.' }),
    );
  },
);
