import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { errorInfoOf } from '../../src/contract/error-info-of.ts';
import { callLedgerFault } from '../../src/store/sqlite/calls/call-ledger-fault.ts';
import { mapSqliteFault } from '../../src/store/sqlite/sqlite-fault.ts';

const goesOn = /run the command again \(a running watch goes on by itself\)/;

test('on a full disk, and without a network, a hint is true of a watch too', () => {
  const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
  for (const fault of [mapSqliteFault(full, '/nowhere/a.db'), callLedgerFault('/nowhere/calls.db', full)])
    expect(fault).toMatchObject({ code: 'DISK_FULL', hint: expect.stringMatching(goesOn) });
  for (const code of ['NETWORK_UNREACHABLE', 'TIMEOUT', 'PAGE_INCOMPLETE', 'SALESFORCE_ERROR'] as const)
    expect(errorInfoOf(new AppError(code, 'No.')).hint).toMatch(goesOn);
});

/** What only a command says, and never a watch. */
const ofCommands =
  /^src\/(?:cli\/|usecases\/copy-beside\.ts|store\/sqlite\/connection\.ts|base\/run-again\.ts|emulator\/)/;

test('no hint that a watch may tell asks to run the command again without a word of the watch', () => {
  const found = globSync('src/**/*.ts')
    .filter((file) => !ofCommands.test(file))
    .flatMap((file) => {
      const lines = readFileSync(file, 'utf8').split('\n');
      return lines.filter((line) => /['"`].*\b[Rr]un (?:the|this) (?:same )?command again/.test(line));
    });
  expect(found).toEqual([]);
});
