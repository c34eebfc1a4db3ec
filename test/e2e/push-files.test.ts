import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { repeats } from '../support/deep.ts';
import { Cli } from './cli.ts';
import { calls, contactsOf, control } from './org.ts';

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
  await control(emulator.url, 'faults', []);
  cli[Symbol.dispose]();
});

interface Fault {
  index: number;
  field: string | null;
  code: string;
}

/** A push that fails: its exit code, its document, and what people would read. */
async function failing(args: string[], input: string) {
  const { code, stdout } = await cli.run(['push', ...args, '--json'], { input });
  const document = JSON.parse(stdout);
  const faults: Fault[] = document.error?.details?.faults ?? [];
  return {
    code,
    document,
    error: document.error,
    faults: faults.map((f) => `${f.index} ${f.field}: ${f.code}`),
  };
}

const lines = (text: string) => text.trimEnd().split('\n');
const named = async (prefix: string) =>
  (await contactsOf(emulator.url)).filter(({ LastName }) => String(LastName).startsWith(prefix));

describe('a file in which only some rows have an Id', () => {
  it('is refused, unless that is said to be meant', async () => {
    const [first] = await contactsOf(emulator.url);
    const input = `Id,LastName,Title\n${first?.Id},Mixed One,A\n,Mixed Two,B\n`;
    expect(await failing([], input)).toMatchObject({ code: 2, faults: ['1 Id: ID_MISSING'] });
    expect((await cli.run(['push'], { input })).stderr).toMatch(/Hint: .*--allow-mixed takes/);
    expect(await named('Mixed')).toEqual([]);
    const pushed = await cli.json(['push', '--allow-mixed'], input);
    expect(pushed).toMatchObject({ created: 1, updated: 1, creates: 1, updates: 1 });
  });

  it('or #N/A for one, creates nothing', async () => {
    const input = 'Id,LastName\n#N/A,Never One\n#N/A,Never Two\n';
    expect(await failing([], input)).toMatchObject({
      code: 2,
      faults: ['0 Id: MALFORMED_ID', '1 Id: MALFORMED_ID'],
    });
    expect(await named('Never')).toEqual([]);
  });
});

it('a dry run tells how many creates, updates, deletes and upserts a file comes to', async () => {
  const [a, b] = await contactsOf(emulator.url);
  const input = `Id,LastName,IsDeleted\n${a?.Id},Dry,false\n${b?.Id},,true\n,Dry,\n`;
  const args = ['push', '--dry-run', '--allow-mixed'];
  expect(await cli.json(args, input)).toMatchObject({ creates: 1, updates: 1, deletes: 1, upserts: 0 });
  const { stdout } = await cli.run(args, { input });
  expect(stdout).toContain('3 valid (1 create, 1 update, 1 delete).');
  const upsert = ['push', '--dry-run', '--upsert', 'ParaHack_Id__c'];
  const one = { ParaHack_Id__c: 'dry-1', Title: 'Left to the org' };
  expect(await cli.json(upsert, JSON.stringify(one))).toMatchObject({ creates: 0, upserts: 1 });
});

it('a wrong column is told once, with the number of its records; --json has every fault', async () => {
  const rows = Array.from({ length: 3_000 }, (_, i) => `N${i},x,${i % 2 === 0 ? 'maybe' : 'true'}\n`);
  const input = `LastName,Emial,Newsletter__c\n${rows.join('')}`;
  const text = await cli.run(['push'], { input });
  expect(text.code).toBe(2);
  expect(lines(text.stderr)).toEqual([
    '-, line 2, record 1, Emial: Contact has no field Emial (did you mean Email?). (3,000 records)',
    '-, line 2, record 1, Newsletter__c: Newsletter__c is true or false, not "maybe". (1,500 records)',
    'Error: 3,000 of 3,000 records are not valid; nothing was sent.',
    "Hint: Mend the places named and push all of the input again. --map 'HEADER=FIELD' names the field of a column, --ignore-unknown leaves out the columns that Contact does not have.",
  ]);
  const { error, faults } = await failing([], input);
  expect([error.details.faultyRecords, faults.length]).toEqual([3_000, 4_500]);
});

it('more kinds of faults than anybody reads are counted', async () => {
  const wide = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`No_Such_Field_${i}`, 'x']));
  const { stderr } = await cli.run(['push'], { input: JSON.stringify({ LastName: 'Wide', ...wide }) });
  expect(lines(stderr)).toHaveLength(20 + 3);
  expect(stderr).toContain('… and 10 more kinds of faults; --json has all.');
});

it('records of a one-line array are told by their number', async () => {
  const { stderr } = await cli.run(['push'], { input: '[{"LastName":"A"},{"FirstName":"B"}]' });
  expect(lines(stderr)[0]).toBe('-, line 1, record 2, LastName: LastName is required.');
});

describe('parents', () => {
  it('are named by a column or a member, and found before anything is stored', async () => {
    const [one] = await contactsOf(emulator.url);
    await control(emulator.url, 'touch', { ids: [one?.Id], set: { ParaHack_Id__c: 'boss-1' } });
    const { username } = emulator;
    const csv = `LastName,ReportsTo.ParaHack_Id__c,Owner.Username\nChild One,BOSS-1,${username}\n`;
    await cli.json(['push'], csv);
    const nested = { LastName: 'Child Two', ReportsTo: { ParaHack_Id__c: 'boss-1' } };
    await cli.json(['push'], JSON.stringify(nested));
    const children = await named('Child');
    expect(children.map(({ ReportsToId }) => ReportsToId)).toEqual([one?.Id, one?.Id]);
  });

  it('that are not there are faults with their place, and nothing is stored', async () => {
    const csv = 'LastName,Account.Name\nLost,No such account\n';
    const { code, faults, error } = await failing([], csv);
    expect([code, faults]).toEqual([2, ['0 Account.Name: PARENT_NOT_FOUND']]);
    expect(error.details.faults[0].message).toBe('There is no Account whose Name is "No such account".');
    const { orgs } = await cli.json<{ orgs: { outbox: { pending: number } }[] }>(['status']);
    expect(orgs[0]?.outbox.pending).toBe(0);
  });
});

it('external ids of more than 15 digits stay what they are', async () => {
  const input =
    '[{"LastName":"Digits","ParaHack_Id__c":9007199254740993},{"LastName":"Digits","ParaHack_Id__c":9007199254740992}]';
  await cli.json(['push', '--upsert', 'ParaHack_Id__c'], input);
  expect((await named('Digits')).map(({ ParaHack_Id__c }) => ParaHack_Id__c).sort()).toEqual([
    '9007199254740992',
    '9007199254740993',
  ]);
});

it('an older entry that is stuck is told, and is no failure of the records given', async () => {
  // The first one was changed by a colleague a moment ago, and would be in conflict.
  const [, one] = await contactsOf(emulator.url);
  await control(emulator.url, 'faults', [{ match: 'PATCH .*composite/sobjects', status: 500, times: 99 }]);
  const stuck = await cli.run(['push', '--json'], { input: JSON.stringify({ Id: one?.Id, Title: 'Stuck' }) });
  expect(stuck.code).toBe(5);
  const { code, stdout } = await cli.run(['push', '--json'], { input: '{"LastName":"Own"}' });
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { created: 1, olderEntries: 1 }]);
  const text = await cli.run(['push'], { input: '{"LastName":"Own"}' });
  expect([text.code, text.stderr]).toMatchObject([0, expect.stringContaining('1 other entry of the outbox')]);
});

it('nothing is sent where the rejects file cannot be written', async () => {
  const before = (await calls(emulator.url)).length;
  const { code } = await failing(['--rejects', 'no/such/folder/r.csv'], '{"LastName":"Unsent"}');
  expect([code, (await calls(emulator.url)).length]).toEqual([2, before]);
});

/** All 10,020 in the deep run. */
const odd = repeats(1_002);

const oddTexts = [
  '=HYPERLINK("http://x.co","y")',
  '+49 30 1',
  '-1+1',
  '@cmd',
  'a,b;c\td|e',
  'He said "no"',
  'two\nlines',
  'two\r\nlines',
  '’s-Gravenhage Żółć 東京 😀 👩‍👩‍👧',
  'שלום עולם',
  'e\u0301 \u00e9',
  '\u00a0no-break\u00a0',
  '00123',
  '1e5',
  'null',
  'true',
  'sep=;',
  '\\N',
  "O'Neill; DROP TABLE",
  '#N/B',
];

function oddContact(i: number): Record<string, unknown> {
  const text = oddTexts[i % oddTexts.length]!;
  return {
    LastName: `Odd ${i} ${text}`.slice(0, 80),
    FirstName: i % 3 === 0 ? null : text.slice(0, 40),
    Title: i % 5 === 0 ? null : text,
    Description: i % 97 === 0 ? `${text} `.repeat(700).slice(0, 30_000) : text,
    Birthdate: `19${10 + (i % 90)}-02-${10 + (i % 18)}`,
    Newsletter__c: i % 2 === 0,
    ParaHack_Id__c: `odd-${i}`,
    Lifetime_Value__c: i % 7 === 0 ? 1234567890123.45 : i / 4,
    Customer_Since__c: '2001-12-31',
    Tier__c: i % 4 === 0 ? 'Gold' : null,
    Interests__c: i % 4 === 0 ? 'Mobile;Billing' : null,
    Visits__c: i % 6 === 0 ? 123456789012345 : i,
    Last_Seen__c: '2026-01-31T23:59:59.000Z',
  };
}

it(`an export of ${odd} odd contacts that is pushed back changes nothing`, async () => {
  const own = await startEmulator({ contacts: 0, customFields: 10, dailyLimit: 1_000_000 });
  using other = new Cli({ PARAHACK_SYNC_API_BUDGET: '1' });
  try {
    await other.loginByToken(own);
    const contacts = Array.from({ length: odd }, (_, i) => JSON.stringify(oddContact(i)));
    await other.json(['push'], contacts.join('\n'));
    await other.json(['backfill']);
    const valuesOf = async () =>
      (await contactsOf(own.url)).map(
        ({ SystemModstamp, LastModifiedDate, LastModifiedById, ...rest }) => rest,
      );
    const before = await valuesOf();
    for (const format of ['csv', 'ndjson']) {
      const { stdout } = await other.run(['contacts', 'export', '--format', format]);
      const file = join(other.folder, `export.${format}`);
      writeFileSync(file, stdout);
      const { code, stdout: told } = await other.run(['push', file, '--ignore-read-only', '--json']);
      const { updates, queued, ignored, results } = JSON.parse(told);
      // So many edits are held until somebody has looked at them.
      expect([code, updates, queued]).toEqual([4, odd, odd]);
      expect(ignored.map(({ column }: { column: string }) => column)).toContain('CreatedDate');
      await other.json(['outbox', 'approve', '--all']);
      const cycle = await other.run(['watch', '--once', '--json']);
      expect(cycle.code).toBe(0);
      expect(results).toHaveLength(odd);
      const { orgs } = await other.json<{ orgs: { outbox: Record<string, number> }[] }>(['status']);
      expect(orgs[0]?.outbox).toMatchObject({ pending: 0, rejected: 0, inDoubt: 0, held: 0, conflicts: 0 });
      expect(await valuesOf()).toEqual(before);
    }
  } finally {
    await own.close();
  }
}, 600_000);
