import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { contactsOf } from './org.ts';

let emulator: Emulator;
let cli: Cli;

beforeAll(async () => {
  emulator = await startEmulator({ contacts: 5 });
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

describe('a text in which a character was lost', () => {
  it('is a fault that names its field, and nothing is sent', async () => {
    const { code, faults } = await push('LastName,Title\nGood,x\nM\ufffdller,y\n');
    expect(code).toBe(2);
    expect(faults).toMatchObject([{ line: 3, field: 'LastName', code: 'DAMAGED_TEXT' }]);
    expect(faults[0]?.message).toContain('--allow-damaged');
    expect(await isThere('Good')).toBe(false);
  });

  it('escaped in JSON is one too, and passes where that is allowed', async () => {
    const input = '{"LastName":"L\\ufffdst"}';
    expect((await push(input)).faults).toMatchObject([{ field: 'LastName', code: 'DAMAGED_TEXT' }]);
    expect((await push(input, ['--allow-damaged'])).code).toBe(0);
    expect(await isThere('L\ufffdst')).toBe(true);
  });
});

describe('a text that was UTF-8 and read as Windows-1252', () => {
  it('is a fault, in a dry run too, and its mend pushes nothing', async () => {
    const input = 'LastName,Title\nWell,x\nMÃ¼ller,y\nRenÃ©,z\n';
    for (const flags of [[], ['--dry-run'], ['--queue']]) {
      const { code, document, faults } = await push(input, flags);
      expect(code).toBe(2);
      expect(faults).toMatchObject([
        { line: 3, field: 'LastName', code: 'MISREAD_TEXT' },
        { line: 4, field: 'LastName', code: 'MISREAD_TEXT' },
      ]);
      expect(faults[0]?.message).toContain('"MÃ¼ller" was "Müller"');
      const { hint } = document.error;
      expect(hint).toContain('`iconv -f UTF-8 -t WINDOWS-1252 FILE > NEW`');
      expect(hint).not.toContain('parahack-sync push');
    }
    expect(await isThere('Well')).toBe(false);
  });

  it('passes where that is allowed', async () => {
    expect((await push('{"LastName":"ZoÃ«"}', ['--allow-damaged'])).code).toBe(0);
    expect(await isThere('ZoÃ«')).toBe(true);
  });
});

describe('a first row without a field of Contact', () => {
  it('is said not to look like a header', async () => {
    const { code, faults } = await push('Ada,Lovelace,London\nBo,Diddley,Graz\n');
    expect(code).toBe(2);
    expect(faults[0]?.message).toMatch(/first row \("Ada", "Lovelace", "London"\).*not look like a header/);
    expect(faults.filter(({ message }) => message.includes('look like a header'))).toHaveLength(1);
  });

  it.each([['Nope,LastName\nx,y\n'], ['Nope,Last Name\nx,y\n']])(
    'unlike one that has any, or a label: %j',
    async (text) => {
      const { code, faults } = await push(text);
      expect(code).toBe(2);
      expect(faults.filter(({ message }) => message.includes('look like a header'))).toEqual([]);
    },
  );
});

async function isThere(name: string): Promise<boolean> {
  return (await contactsOf(emulator.url)).some(({ LastName }) => LastName === name);
}
