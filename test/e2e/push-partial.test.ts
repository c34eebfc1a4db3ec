import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { contactsOf, control } from './org.ts';

let emulator: Emulator;
let cli: Cli;

beforeAll(async () => {
  emulator = await startEmulator({ contacts: 20, customFields: 10, dailyLimit: 1_000_000 });
});
afterAll(() => emulator.close());
beforeEach(async () => {
  cli = new Cli();
  await cli.loginByToken(emulator);
});
afterEach(async () => {
  await control(emulator.url, 'settings', { validationRules: [], duplicateRules: [], lockedIds: [] });
  cli[Symbol.dispose]();
});

interface Item {
  index: number;
  line: number | null;
  status: string;
  errors: { code: string; message: string; fields: string[]; duplicates: object[] }[];
}

const noAccount = '001999999999999AAA';
const columns = ['LastName', 'Email', 'Department', 'AccountId', 'ParaHack_Id__c'];
const named = async (prefix: string) =>
  (await contactsOf(emulator.url)).filter(({ LastName }) => String(LastName).startsWith(prefix));

/** 200 records, of which Salesforce alone can refuse some; `mended` are the same without fault. */
function recordsOf(taken: { email: string; key: string }, mended = false): Record<string, string>[] {
  return Array.from({ length: 200 }, (_, i) => {
    const record = {
      LastName: `Part ${i}`,
      Email: `part${i}@example.org`,
      Department: 'Sales',
      AccountId: '',
      ParaHack_Id__c: `part-${i}`,
    };
    if (mended) return record;
    if (i === 3 || i === 150) record.Department = 'Forbidden';
    if (i === 17 || i === 99) record.Email = taken.email;
    if (i === 42 || i === 199) record.AccountId = noAccount;
    if (i === 120) record.ParaHack_Id__c = taken.key;
    return record;
  });
}

it('of 200 records the 7 that Salesforce refuses are told, and create just themselves once mended', async () => {
  const [first, second] = await contactsOf(emulator.url);
  const taken = { email: 'taken@example.org', key: 'taken-key' };
  await control(emulator.url, 'touch', { ids: [first?.Id], set: { Email: taken.email } });
  await control(emulator.url, 'touch', { ids: [second?.Id], set: { ParaHack_Id__c: taken.key } });
  await control(emulator.url, 'settings', {
    validationRules: [
      {
        name: 'Departments',
        condition: "Department = 'Forbidden'",
        message: 'No such desk',
        field: 'Department',
      },
    ],
    duplicateRules: [{ name: 'Same_Email', matchFields: ['Email'] }],
  });
  const file = join(cli.folder, 'part.csv');
  const rejects = join(cli.folder, 'rejects.csv');
  const rows = recordsOf(taken).map((record) => columns.map((name) => record[name]).join(','));
  writeFileSync(file, `${[columns.join(','), ...rows].join('\n')}\n`);

  const { code, stdout } = await cli.run(['push', file, '--rejects', rejects, '--json']);
  const pushed = JSON.parse(stdout) as { created: number; rejected: number; results: Item[] };
  expect([code, pushed.created, pushed.rejected, pushed.results.length]).toEqual([4, 193, 7, 200]);
  const refused = pushed.results.filter(({ status }) => status === 'rejected');
  expect(refused.map(({ index, line, errors }) => [index, line, errors[0]?.code, errors[0]?.fields])).toEqual(
    [
      [3, 5, 'FIELD_CUSTOM_VALIDATION_EXCEPTION', ['Department']],
      [17, 19, 'DUPLICATES_DETECTED', []],
      [42, 44, 'INVALID_CROSS_REFERENCE_KEY', ['AccountId']],
      [99, 101, 'DUPLICATES_DETECTED', []],
      [120, 122, 'DUPLICATE_VALUE', []],
      [150, 152, 'FIELD_CUSTOM_VALIDATION_EXCEPTION', ['Department']],
      [199, 201, 'INVALID_CROSS_REFERENCE_KEY', ['AccountId']],
    ],
  );
  expect(refused[0]?.errors[0]?.message).toBe('No such desk');
  expect(refused[1]?.errors[0]?.message).toContain(String(first?.Id));
  expect(refused[4]?.errors[0]?.message).toContain(String(second?.Id));
  expect(await named('Part ')).toHaveLength(193);

  const [head, ...lines] = readFileSync(rejects, 'utf8').trimEnd().split('\n');
  const own = head?.split(',').slice(0, columns.length) ?? [];
  expect([...own].sort()).toEqual([...columns].sort());
  expect(head).toBe(`${own},_source,_index,_line,_entry,_errors`);
  expect(lines.map((line) => line.split(',')[0])).toEqual(refused.map(({ index }) => `Part ${index}`));
  // The mirror was never filled, so that it does not know who that is.
  expect(lines[1]).toContain(`DUPLICATES_DETECTED: Use one of these records? (duplicates: ${first?.Id})`);
  expect(refused[1]?.errors[0]?.duplicates).toEqual([{ id: first?.Id, name: null, email: null }]);
  expect(refused[4]?.errors[0]?.duplicates).toEqual([{ id: second?.Id, name: null, email: null }]);
  expect(refused[0]?.errors[0]?.duplicates).toEqual([]);

  // As a person would, in the cells that are wrong; what else the file says stays.
  const mended = lines.map((line, i) => {
    const record = recordsOf(taken, true)[refused[i]?.index ?? -1] ?? {};
    return [...own.map((name) => record[name]), ...line.split(',').slice(columns.length)].join(',');
  });
  writeFileSync(rejects, `${[head, ...mended].join('\n')}\n`);
  expect(await cli.json(['push', rejects])).toMatchObject({ created: 7, updated: 0, rejected: 0 });
  const all = (await named('Part ')).map(({ LastName }) => String(LastName)).sort();
  expect(all).toEqual(
    recordsOf(taken)
      .map(({ LastName }) => LastName)
      .sort(),
  );
});

it('who a record is a duplicate of is told by name, as far as the mirror knows them', async () => {
  const [known, unknown] = await contactsOf(emulator.url);
  await control(emulator.url, 'touch', { ids: [known?.Id], set: { Email: 'same@example.org' } });
  await control(emulator.url, 'settings', {
    duplicateRules: [{ name: 'Same_Email', matchFields: ['Email'] }],
    validationRules: [],
  });
  await cli.json(['backfill']);
  // Since the copy, so that the mirror has it under its former address.
  await control(emulator.url, 'touch', { ids: [unknown?.Id], set: { Email: 'same@example.org' } });
  const [late] = (await control<{ ids: string[] }>(emulator.url, 'contacts', { count: 1, seed: 77 })).ids;
  await control(emulator.url, 'touch', { ids: [late], set: { Email: 'same@example.org' } });
  const rejects = join(cli.folder, 'refused.csv');
  const args = ['push', '--rejects', rejects, '--api'];
  for (const api of ['auto', 'collections']) {
    const input = `LastName,Email\nTwin ${api},same@example.org\n`;
    const told = await cli.run([...args, api, '--json'], { input });
    expect(told.code).toBe(4);
    const { results } = JSON.parse(told.stdout) as { results: Item[] };
    const name = `${known?.FirstName} ${known?.LastName}`;
    const duplicates = [
      { id: known?.Id, name, email: 'same@example.org' },
      { id: unknown?.Id, name: `${unknown?.FirstName} ${unknown?.LastName}`, email: unknown?.Email },
      { id: late, name: null, email: null },
    ];
    expect(results[0]?.errors).toMatchObject([{ code: 'DUPLICATES_DETECTED', duplicates }]);
    expect(readFileSync(rejects, 'utf8')).toContain(`; ${known?.Id} is ${name} <same@example.org>; `);

    const { entries } = await cli.json<{ entries: { key: string; errors: object[] }[] }>([
      'outbox',
      'list',
      '--state',
      'rejected',
    ]);
    const last = entries.at(-1);
    expect(last?.errors).toMatchObject([{ duplicates }]);
    const shown = await cli.run(['outbox', 'show', String(last?.key)]);
    expect(shown.stdout).toMatch(new RegExp(`duplicate of +${known?.Id}, ${name} <same@example.org>`));
    expect(shown.stdout).toMatch(new RegExp(`duplicate of +${late}, which the mirror does not have`));
    const text = await cli.run(args.slice(0, 1), { input: input.replace('Twin', 'Twin again') });
    expect(text.stdout).toContain(`${known?.Id} is ${name} <same@example.org>`);
  }
});

it('a row that stays locked waits, and the others of its request are written', async () => {
  const ids = (await contactsOf(emulator.url)).slice(0, 3).map(({ Id }) => String(Id));
  await control(emulator.url, 'settings', { lockedIds: [ids[1]] });
  const input = JSON.stringify(ids.map((Id) => ({ Id, Title: 'Unlocked' })));
  const { code, stdout } = await cli.run(['push', '--json'], { input });
  const pushed = JSON.parse(stdout) as { updated: number; queued: number; results: Item[] };
  expect([code, pushed.updated, pushed.queued]).toEqual([5, 2, 1]);
  expect(pushed.results[1]).toMatchObject({ status: 'queued', errors: [{ code: 'REFUSED_FOR_NOW' }] });
  expect(pushed.results[1]?.errors[0]?.message).toContain('UNABLE_TO_LOCK_ROW');

  await control(emulator.url, 'settings', { lockedIds: [] });
  expect(await cli.json(['push'], input)).toMatchObject({ updated: 3, queued: 0 });
  const titled = (await contactsOf(emulator.url)).filter(({ Title }) => Title === 'Unlocked');
  expect(titled.map(({ Id }) => Id).sort()).toEqual([...ids].sort());
});
