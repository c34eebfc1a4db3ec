import { describe, expect, it } from 'vitest';
import { isAppError } from '../../src/base/errors.ts';
import { contact } from '../../src/org/synced-object.ts';
import { faultOfFields } from '../../src/salesforce/field-faults.ts';
import type { Remote } from '../../src/sync/ports/remote.ts';
import { connected, failure } from './connected.ts';

const window = { start: Date.UTC(2026, 0, 31, 11), end: Date.UTC(2026, 0, 31, 12) };
const id = '003000000000001AAA';
const at = '2026-01-31T11:30:00.000+0000';
const job = { id: '750000000000001AAA', state: 'JobComplete', createdDate: at, numberRecordsProcessed: 1 };
const field = (name: string, type = 'string') => ({ name, type, label: name });

type Call = (remote: Remote) => Promise<unknown>;
const updated: Call = (remote) => remote.of(contact).changes.updated(window);
const deleted: Call = (remote) => remote.of(contact).changes.deleted(window);
const count: Call = (remote) => remote.of(contact).count(null);
const query: Call = (remote) => remote.queries.all('SELECT Id FROM Contact');
const info: Call = (remote) => remote.bulk.info(job.id);
const describeIt: Call = (remote) => remote.of(contact).describe();
const limits: Call = (remote) => remote.usage.limits();

const bad: [string, Call, unknown][] = [
  ...[null, 42, 'x', '', '001000000000001AAA', '003', {}, [id], `${id}x`].map(
    (one): [string, Call, unknown] => [`updated Id ${JSON.stringify(one)}`, updated, { ids: [one] }],
  ),
  ['ids as an object', updated, { ids: { 0: id } }],
  ['coverage of a number', updated, { ids: [], latestDateCovered: 1 }],
  ['coverage of no time', updated, { ids: [], latestDateCovered: 'soon' }],
  ...[null, 1, [], { id }, { id: 'x', deletedDate: at }, { id, deletedDate: 'x' }].map(
    (one): [string, Call, unknown] => [`deleted ${JSON.stringify(one)}`, deleted, { deletedRecords: [one] }],
  ),
  ...[-1, 1.5, '3', null, 1e300].map((totalSize): [string, Call, unknown] => [
    `a count of ${totalSize}`,
    count,
    { totalSize, done: true, records: [] },
  ]),
  ['records of null', query, { totalSize: 1, done: true, records: [null] }],
  ['records that are lists', query, { totalSize: 1, done: true, records: [[]] }],
  ['a job of another id', info, { ...job, id: '750000000000002AAA' }],
  ['a job of no id', info, { ...job, id: '../../x' }],
  ['a job in no known state', info, { ...job, state: 'Dreaming' }],
  ['a job of negative size', info, { ...job, numberRecordsProcessed: -1 }],
  ['a job made in the future', info, { ...job, createdDate: '9999-01-01T00:00:00.000+0000' }],
  ['fields of null', describeIt, { fields: [field('Id', 'id'), field('Id', 'id')] }],
  [
    'fields that differ in case only',
    describeIt,
    { fields: [field('Id', 'id'), field('A__c'), field('a__C')] },
  ],
  ['a field of the mirror’s own name', describeIt, { fields: [field('Id', 'id'), field('_gone')] }],
  ['a field called rowid', describeIt, { fields: [field('Id', 'id'), field('RowID')] }],
  ['a field that ends a statement', describeIt, { fields: [field('x"); DROP TABLE contact; --')] }],
  [
    'fields beyond a table',
    describeIt,
    { fields: Array.from({ length: 3_000 }, (_, i) => field(`F${i}__c`)) },
  ],
  ['limits as a list', limits, []],
  ['limits without the one', limits, { DailyApiRequests: null }],
  ['limits below zero', limits, { DailyApiRequests: { Max: -5, Remaining: 1 } }],
];

describe('values that Salesforce never sends', () => {
  it.each(bad)('are told as the org’s fault: %s', async (_, call, body) => {
    await using c = await connected();
    c.org.always({ body: body as object });
    const error = await failure(call(c.remote));
    expect(error.message).not.toMatch(/Cannot read|undefined|not iterable/);
    expect(isAppError(error, 'SALESFORCE_ERROR')).toBe(true);
  });

  it('end a chain of pages that bring nothing', async () => {
    await using c = await connected();
    let page = 0;
    c.org.always((_, response) => {
      const nextRecordsUrl = `/services/data/v62.0/query/01g-${page++}`;
      response.end(JSON.stringify({ totalSize: 4, done: false, nextRecordsUrl, records: [] }));
    });
    expect(isAppError(await failure(query(c.remote)), 'SALESFORCE_ERROR')).toBe(true);
    expect(page).toBeLessThan(5);
  });

  it.each([
    null,
    {},
    { resultUrl: 1 },
    { resultUrl: 'https://evil.example/services/data/v62.0/jobs/query/750000000000001AAA/results' },
    { resultUrl: '/services/data/v62.0/jobs/query/750000000000009AAA/results' },
    { resultUrl: '/services/data/v62.0/sobjects/Account' },
  ])('lead to no page of others: %j', async (entry) => {
    await using c = await connected();
    c.org.script({ body: job });
    c.org.always({ body: { resultPages: [entry], done: true } });
    const error = await failure(c.remote.bulk.resultPages(job.id));
    expect(isAppError(error, 'SALESFORCE_ERROR')).toBe(true);
  });

  it('are none of those that it does', () => {
    const names = ['Id', 'Name', 'npe01__Home_Address__c', 'X1__c', 'Geo__Latitude__s'];
    expect(faultOfFields(names.map((name) => ({ ...field(name) }) as never))).toBeNull();
  });
});
