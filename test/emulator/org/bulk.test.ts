import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../../src/emulator/engine/actor.ts';
import type { BulkRows, Org } from '../../../src/emulator/org/org.ts';
import { create, faultOf, rows, testOrg } from './org-fixture.ts';

const FORMAT = { columnDelimiter: 'COMMA', lineEnding: 'LF', all: false } as const;

let org: Org;
let me: Actor;

beforeEach(async () => {
  ({ org, me } = await testOrg({ contacts: 1300 }));
});

afterEach(() => org.close());

async function text(bulk: BulkRows, offset = 0, count = bulk.rows): Promise<string> {
  const blocks: Buffer[] = [];
  for await (const block of bulk.read(offset, count)) blocks.push(block);
  return Buffer.concat(blocks).toString();
}

describe('bulk results', () => {
  it('quote every value, end lines with LF, and write instants with a Z', async () => {
    const id = create(org, me, {
      LastName: 'Q"uote',
      Description: 'a,b\nc',
      Visits__c: 2,
      Newsletter__c: true,
    });
    const bulk = await org.bulkQuery(
      me,
      `SELECT Id, LastName, Description, Visits__c, Newsletter__c, CreatedDate, Birthdate, Account.Name FROM Contact WHERE Id = '${id}'`,
      FORMAT,
    );
    expect(bulk.header.toString()).toBe(
      '"Id","LastName","Description","Visits__c","Newsletter__c","CreatedDate","Birthdate","Account.Name"\n',
    );
    expect(await text(bulk)).toBe(
      `"${id}","Q""uote","a,b\nc","2.0","true","2026-06-17T12:30:15.000Z","",""\n`,
    );
    bulk.release();
  });

  it.each([
    ['BACKQUOTE', '`'],
    ['CARET', '^'],
    ['COMMA', ','],
    ['PIPE', '|'],
    ['SEMICOLON', ';'],
    ['TAB', '\t'],
  ] as const)('use %s and CRLF where asked', async (columnDelimiter, delimiter) => {
    const bulk = await org.bulkQuery(me, 'SELECT Id, IsDeleted FROM Contact LIMIT 2', {
      columnDelimiter,
      lineEnding: 'CRLF',
      all: false,
    });
    expect(bulk.header.toString()).toBe(`"Id"${delimiter}"IsDeleted"\r\n`);
    expect((await text(bulk)).split('\r\n')[0]).toMatch(new RegExp(`^"003.{15}"\\${delimiter}"false"$`));
    bulk.release();
  });

  it('hold what the query holds, in any cut of pages', async () => {
    const names = org
      .describe(me, 'Contact')
      .document.fields.filter((field) => field.type !== 'address')
      .map((field) => field.name);
    const bulk = await org.bulkQuery(me, `SELECT ${names.join(',')} FROM Contact`, FORMAT);
    const whole = await text(bulk);
    const parsed = parse(bulk.header.toString() + whole, { columns: true }) as Record<string, string>[];
    const expected = rows(org, me, `SELECT ${names.join(',')} FROM Contact`).map((row) =>
      Object.fromEntries(
        names.map((name) => [name, row[name] === null ? '' : String(row[name]).replace('+0000', 'Z')]),
      ),
    );
    expect(parsed.map((row) => ({ ...row, Lifetime_Value__c: Number(row.Lifetime_Value__c) }))).toEqual(
      expected.map((row) => ({
        ...row,
        Lifetime_Value__c: Number(row.Lifetime_Value__c),
        Visits__c: row.Visits__c && `${row.Visits__c}.0`,
      })),
    );
    const page = parse(await text(bulk, 700, 450)) as string[][];
    expect(page.map(([id]) => id)).toEqual(parsed.slice(700, 1150).map((row) => row.Id));
    for (const size of [1, 333, 500, 777, 5000]) {
      let pages = '';
      for (let at = 0; at < bulk.rows; at += size)
        pages += size === 1 && at > 20 ? '' : await text(bulk, at, size);
      if (size === 1) expect(whole.startsWith(pages)).toBe(true);
      else expect(pages).toBe(whole);
    }
    bulk.release();
  });

  it('stay the same bytes when the rows change afterwards, and a new query sees the change', async () => {
    const soql = 'SELECT Id, Title FROM Contact';
    const bulk = await org.bulkQuery(me, soql, FORMAT);
    const before = await text(bulk);
    org.control.touch({ count: 100 });
    org.control.delete({ count: 100 });
    const again = await org.bulkQuery(me, soql, FORMAT);
    expect(again.rows).toBe(1200);
    expect(await text(bulk)).toBe(before);
    expect(await text(again)).not.toBe(before);
    bulk.release();
    again.release();
  });

  it('of equal queries over unchanged data are rendered once, and can be let go of in any order', async () => {
    const soql = 'SELECT Id FROM Contact';
    const [one, two] = await Promise.all([org.bulkQuery(me, soql, FORMAT), org.bulkQuery(me, soql, FORMAT)]);
    one.release();
    one.release();
    expect(await text(two)).toContain('"003');
    two.release();
    const three = await org.bulkQuery(me, soql, FORMAT);
    expect(three.rows).toBe(1300);
    three.release();
  });

  it('are the rows of queryAll where asked', async () => {
    org.control.delete({ count: 10 });
    const bulk = await org.bulkQuery(me, 'SELECT Id FROM Contact', { ...FORMAT, all: true });
    expect(bulk.rows).toBe(1300);
    bulk.release();
  });

  it('can be none', async () => {
    const bulk = await org.bulkQuery(me, "SELECT Id FROM Contact WHERE LastName = 'nobody'", FORMAT);
    expect([bulk.rows, await text(bulk)]).toEqual([0, '']);
    bulk.release();
  });

  it('stop waiting when aborted', async () => {
    const controller = new AbortController();
    const waiting = org.bulkQuery(me, 'SELECT FIELDS(STANDARD) FROM Contact', {
      ...FORMAT,
      signal: controller.signal,
    });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('the Bulk API refuses (Bulk API 2.0, considerations for query jobs)', () => {
  it.each([
    ['compound fields', 'SELECT Id, MailingAddress FROM Contact', 'FUNCTIONALITY_NOT_ENABLED'],
    [
      'compound fields of a parent',
      'SELECT Account.BillingAddress FROM Contact',
      'FUNCTIONALITY_NOT_ENABLED',
    ],
    ['GROUP BY', 'SELECT LeadSource FROM Contact GROUP BY LeadSource', 'MALFORMED_QUERY'],
    ['aggregates', 'SELECT COUNT(Id) FROM Contact', 'MALFORMED_QUERY'],
    ['COUNT()', 'SELECT COUNT() FROM Contact', 'MALFORMED_QUERY'],
    ['OFFSET', 'SELECT Id FROM Contact LIMIT 5 OFFSET 5', 'MALFORMED_QUERY'],
    ['TYPEOF', 'SELECT TYPEOF Owner WHEN User THEN Name END FROM Contact', 'MALFORMED_QUERY'],
    ['nested queries', 'SELECT (SELECT Id FROM Contacts) FROM Account', 'MALFORMED_QUERY'],
    ['FIELDS(ALL)', 'SELECT FIELDS(ALL) FROM Contact LIMIT 200', 'MALFORMED_QUERY'],
    ['an unknown field', 'SELECT Nope FROM Contact', 'INVALID_FIELD'],
  ])('%s', (_rule, soql, code) => {
    expect(faultOf(() => org.checkBulkQuery(me, soql))).toMatch(new RegExp(`^${code}: `));
  });

  it('FIELDS(STANDARD) comes without compound fields', async () => {
    expect(org.checkBulkQuery(me, 'SELECT FIELDS(STANDARD) FROM contact')).toEqual({ object: 'Contact' });
    const bulk = await org.bulkQuery(me, 'SELECT FIELDS(STANDARD) FROM Contact', FORMAT);
    expect(bulk.header.toString()).not.toContain('MailingAddress"');
    bulk.release();
  });
});
