import { expect, test } from 'vitest';
import { oneOf, optionsOver, wholeNumber } from '../../src/library/options-over.ts';

const usual = { org: null as string | null, limit: 20, deep: false };

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
      hint: 'Its options are org, limit, deep.',
    }),
  );
});

test.each<[string, object, string]>([
  ['the text "false"', { deep: 'false' }, 'Give true or false.'],
  ['null', { deep: null }, 'Give true or false.'],
  ['a text', { orgs: 'prod' }, 'Give an array.'],
])('%s is refused where another kind of value is wanted', (_, asked, hint) => {
  expect(() => optionsOver('push', { deep: false, orgs: [] as string[] }, asked)).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', hint }),
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
