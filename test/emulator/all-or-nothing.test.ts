import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json, RunningEmulator } from './running-emulator.ts';
import { runEmulator } from './running-emulator.ts';

const text = (name: string, extra: Json = {}) => ({ name, type: 'string', ...extra });

describe('a control request of several parts is done whole or not at all', () => {
  let org: RunningEmulator;
  let ids: string[];

  beforeAll(async () => {
    org = await runEmulator({ contacts: 12 });
  });
  afterAll(() => org[Symbol.asyncDispose]());
  beforeEach(async () => {
    await org.control('reset', {});
    const { text: lines } = await org.controlReply('contacts');
    ids = lines
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { Id: string }).Id);
  });

  const everything = async () => {
    const state = await org.control('state');
    const { live, deleted, purged, openTransactions, sessions, refreshTokens } = state;
    return JSON.stringify([
      { live, deleted, purged, openTransactions, sessions, refreshTokens },
      await org.control('settings'),
      await org.control('faults'),
      (await org.controlReply('contacts?deleted=1')).text,
      (await org.api('/sobjects/Contact/describe')).text.length,
      (await org.api(`/query?q=${encodeURIComponent('SELECT Id FROM Contact')}`)).text,
    ]);
  };
  const refused = async (name: string, body: unknown): Promise<string> => {
    const reply = await org.controlReply(name, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(reply.status, `${name} ${JSON.stringify(body).slice(0, 200)}: ${reply.text.slice(0, 300)}`).toBe(
      400,
    );
    const { error } = reply.body as { error: { code: string; message: string } };
    expect(error.message).not.toMatch(/sqlite|undefined|not a function|cannot read/i);
    return error.message;
  };

  it.each([
    ['a name with a blank', [text('Good__c'), text('Bad Name__c')], 'Bad Name'],
    ['a name with a quote', [text('Good__c'), text('Bad"__c')], 'usable name'],
    ['a name that begins with a digit', [text('Good__c'), text('1st__c')], '1st'],
    ['a name that ends with an underscore', [text('Good__c'), text('Bad_')], 'Bad_'],
    ['an empty name', [text('Good__c'), text('')], 'usable name'],
    ['a name that is too long', [text('Good__c'), text(`${'x'.repeat(90)}__c`)], 'usable name'],
    ['a name twice', [text('Good__c'), text('gOOD__c')], 'twice'],
    ['a name that is taken', [text('Good__c'), text('title')], 'already'],
    ['an unknown type', [text('Good__c'), { name: 'Odd__c', type: 'blob' }], 'blob'],
    ['an unknown object', [text('Good__c'), text('Odd__c', { object: 'Nope' })], 'Nope'],
    ['a length that is none', [text('Good__c'), text('Odd__c', { length: 'long' })], 'length'],
    ['a flag that is none', [text('Good__c'), text('Odd__c', { unique: 'yes' })], 'unique'],
    [
      'values that are none',
      [text('Good__c'), { name: 'P__c', type: 'picklist', picklistValues: 5 }],
      'value',
    ],
    [
      'targets that are none',
      [text('Good__c'), { name: 'R__c', type: 'reference', referenceTo: 'Contact' }],
      'list',
    ],
    ['more fields than a table holds', Array.from({ length: 2_100 }, (_, n) => text(`F${n}__c`)), 'at most'],
    ['no object', [text('Good__c'), 7], 'object'],
  ])('addFields with %s', async (_what, addFields, says) => {
    const before = await everything();
    expect(await refused('settings', { addFields, latencyMs: 5, hiddenFields: ['Email'] })).toContain(says);
    expect(await everything()).toBe(before);
    await org.control('settings', { addFields: [text('Good__c')] });
  });

  it('other settings', async () => {
    const before = await everything();
    const bodies: Json[] = [
      { latencyMs: 5, dailyLimit: -1 },
      { dailyLimit: 7, nonsense: true },
      { commitLagMs: 500, autoApprove: 'yes' },
      { removeFields: ['Fax', 'Nope__c'] },
      { removeFields: ['Fax', 'LastName'] },
      { removeFields: ['Fax'], addFields: [text('Fax')] },
      { hiddenFields: ['Email', 'Nope__c'] },
      {
        duplicateRules: [
          { name: 'a', matchFields: ['Email'] },
          { name: 'b', matchFields: ['Nope__c'] },
        ],
      },
      {
        validationRules: [
          { name: 'a', condition: 'Title = null', message: 'm' },
          { name: 'b', condition: 'Tit', message: 'm' },
        ],
      },
      { idempotency: false, callbackUrls: ['no url'] },
      { addFields: [text('Ok__c')], replicationIdLimit: 1.5 },
    ];
    for (const body of bodies) await refused('settings', body);
    expect(await everything()).toBe(before);
  });

  it('faults', async () => {
    await org.control('faults', [{ match: 'GET /kept', status: 503 }]);
    const before = await everything();
    const good = { match: 'POST /x', status: 500 };
    for (const bad of [
      { match: '(' },
      { match: 'x', status: 99 },
      { match: 'x', reset: 'later' },
      { match: 'x', headers: { 'bad name': '1' } },
      { match: 'x', headers: { good: 'line\nbreak' } },
      { match: 'x', oops: 1 },
      { status: 500 },
      7,
    ]) {
      await refused('faults', [good, bad]);
    }
    expect(await everything()).toBe(before);
  });

  it('contacts, touches, deletes, merges and visibility', async () => {
    const before = await everything();
    const nobody = '003000000000001AAA';
    const [one = '', two = '', three = ''] = ids;
    await refused('contacts', { count: -1 });
    await refused('contacts', { count: 1, seed: 'x' });
    await refused('touch', { ids: [one, nobody] });
    await refused('touch', { ids: [one, two], set: { Title: 'ok', Birthdate: 'never' } });
    await refused('touch', { ids: [one, two], set: { ParaHack_Id__c: 'the same for both' } });
    await refused('delete', { ids: [one, one] });
    await refused('delete', { ids: [one, nobody] });
    await refused('undelete', { ids: [one] });
    await refused('purge', { ids: [one, nobody] });
    await refused('merge', { master: one, losers: [two, nobody] });
    await refused('merge', { master: one, losers: [two, two] });
    await refused('visibility', { ids: [one, nobody], hidden: true });
    await refused('visibility', { ids: [one, three], hidden: true, userId: '005000000000001AAA' });
    await refused('open-transaction', { touch: { ids: [one] }, delete: { ids: [nobody] } });
    await refused('open-transaction', { create: { count: 2 }, undelete: { ids: [one] } });
    expect(await everything()).toBe(before);
    // Nothing is left locked either.
    await org.control('touch', { ids: [one, two, three] });
  });

  it('the clock, sessions and what takes nothing', async () => {
    const before = await everything();
    await refused('clock', { now: '2031-01-01T00:00:00Z', advanceMs: 5 });
    await refused('clock', {});
    await refused('sessions', { expire: true, login: org.emulator.username });
    await refused('sessions', { login: 'nobody' });
    await refused('commit', { oops: 1 });
    await refused('reset', { oops: 1 });
    await refused('usage', { used: -1 });
    expect(await everything()).toBe(before);
    expect((await org.controlReply('calls?limit=x')).status).toBe(400);
  });

  it('a reset: no request sees half an org meanwhile, and two of them come one after the other', async () => {
    await using large = await runEmulator({ contacts: 45_000 });
    await large.control('delete', { count: 100 });
    const count = async () => {
      const reply = await large.api<{ totalSize: number }>(
        `/query?q=${encodeURIComponent('SELECT COUNT() FROM Contact')}`,
      );
      expect(reply.status, reply.text).toBe(200);
      return reply.body.totalSize;
    };
    let over = false;
    const resets = Promise.all([large.control('reset', {}), large.control('reset', {})]).finally(() => {
      over = true;
    });
    const seen = new Set<number>();
    while (!over) {
      seen.add(await count());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await resets;
    for (const total of seen) expect([44_900, 45_000]).toContain(total);
    expect(await count()).toBe(45_000);
  });
});
