import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { contactsOf } from './org.ts';

let emulator: Emulator;
let cli: Cli;

beforeAll(async () => {
  emulator = await startEmulator({ contacts: 5, customFields: 3 });
});
afterAll(() => emulator.close());
beforeEach(async () => {
  cli = new Cli();
  await cli.loginByToken(emulator);
});
afterEach(() => cli[Symbol.dispose]());

async function push(input: string, args: string[] = []) {
  const { code, stdout } = await cli.run(['push', ...args, '--json'], { input });
  const document = JSON.parse(stdout);
  const faults: { line: number; field: string; code: string; message: string }[] =
    document.error?.details?.faults ?? [];
  return { code, document, faults };
}

async function lifetimeValueOf(name: string): Promise<unknown> {
  const contacts = await contactsOf(emulator.url);
  return contacts.find(({ LastName }) => LastName === name)?.Lifetime_Value__c;
}

describe('a number that a decimal comma would make another, in a file with semicolons', () => {
  it('is a fault that names the cell, both readings and the mend, and nothing is sent', async () => {
    const { code, faults } = await push('LastName;Lifetime_Value__c\nPlain;12\nGrouped;1.000\n');
    expect(code).toBe(2);
    expect(faults).toMatchObject([{ line: 3, field: 'Lifetime_Value__c', code: 'AMBIGUOUS_NUMBER' }]);
    expect(faults[0]?.message).toMatch(
      /"1\.000" is 1 with .* and 1000 with .*--decimal point .*--decimal comma/,
    );
    expect(await lifetimeValueOf('Grouped')).toBeUndefined();
  });

  it('beside one that is written with a comma is a fault too', async () => {
    const { code, faults } = await push('LastName;Lifetime_Value__c\nA;7\nB;1.000\nC;1.000,50\n');
    expect(code).toBe(2);
    expect(faults.map(({ line, code: word }) => [line, word])).toEqual([
      [3, 'AMBIGUOUS_NUMBER'],
      [4, 'WRONG_TYPE'],
    ]);
    expect(faults.at(-1)?.message).toContain('--decimal comma');
  });

  it('is what it says where other numbers of the file, even later ones, have points', async () => {
    expect((await push('LastName;Lifetime_Value__c\nEarly One;1.000\nEarly Two;12.5\n')).code).toBe(0);
    expect([await lifetimeValueOf('Early One'), await lifetimeValueOf('Early Two')]).toEqual([1, 12.5]);
  });

  it.each([
    ['comma', 1000],
    ['point', 1],
  ])('is read as --decimal %s says', async (mark, value) => {
    const input = `LastName;Lifetime_Value__c\nSaid ${mark};1.000\n`;
    expect((await push(input, ['--decimal', mark])).code).toBe(0);
    expect(await lifetimeValueOf(`Said ${mark}`)).toBe(value);
  });
});

it('--decimal comma reads what German and French spreadsheets write, and no point as a fraction', async () => {
  const rows = ['1.234.567,89', '1234,5', '-0,25', '7'].map((text, at) => `Comma ${at};"${text}"`);
  const { code } = await push(`LastName;Lifetime_Value__c\n${rows.join('\n')}\n`, ['--decimal', 'comma']);
  expect(code).toBe(0);
  const values = await Promise.all(rows.map((_, at) => lifetimeValueOf(`Comma ${at}`)));
  expect(values).toEqual([1234567.89, 1234.5, -0.25, 7]);
  const wrong = await push('LastName;Lifetime_Value__c\nX;12.5\n', ['--decimal', 'comma']);
  expect(wrong).toMatchObject({ code: 2, faults: [{ code: 'WRONG_TYPE', line: 2 }] });
});

it('1.000 in a file with commas is the number 1', async () => {
  expect((await push('LastName,Lifetime_Value__c\nUsual,1.000\n')).code).toBe(0);
  expect(await lifetimeValueOf('Usual')).toBe(1);
});

it('text is no number: a phone or a code with a point is left alone', async () => {
  expect((await push('LastName;Phone;Title\nTexts;1.000;2.500\n')).code).toBe(0);
});
