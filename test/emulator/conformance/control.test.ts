import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

// Source: docs/emulator.md, "Control surface".
describe('control surface', () => {
  let org: ConformanceOrg;

  beforeAll(async () => {
    org = await conformanceOrg({ contacts: 50 });
  });
  afterAll(() => org[Symbol.asyncDispose]());
  beforeEach(() => org.reset());

  const dump = async (query = '') => {
    const { text } = await org.controlReply(`contacts${query}`);
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Json);
  };

  it('counts live, deleted and purged contacts, sessions, calls and shows the clock', async () => {
    await org.control('delete', { count: 3 });
    const { ids } = await org.control<{ ids: string[] }>('delete', { count: 1 });
    await org.control('purge', { ids });
    await org.api('/limits');
    const state = await org.control('state');
    expect(state).toMatchObject({
      live: 46,
      deleted: 3,
      purged: 1,
      sessions: 1,
      calls: { 'GET /services/data/vNN.0/limits': 1 },
      clock: expect.stringMatching(/Z$/),
    });
  });

  it('creates, touches, deletes, undeletes and purges as another user', async () => {
    const created = await org.control<{ ids: string[] }>('contacts', { count: 2, seed: 7 });
    expect(created.ids).toHaveLength(2);
    const [one = '', two = ''] = created.ids;
    await org.control('touch', { ids: [one], set: { Title: 'Touched' } });
    const row = await org.api(`/sobjects/Contact/${one}`);
    expect(row.body.Title).toBe('Touched');
    expect(row.body.LastModifiedById).not.toBe(org.emulator.userId);
    expect(await org.control('delete', { ids: [two] })).toEqual({ ids: [two] });
    expect(await org.control('undelete', { ids: [two] })).toEqual({ ids: [two] });
    expect((await org.api(`/sobjects/Contact/${two}`)).status).toBe(200);
    expect(await org.control('purge', { ids: [two] })).toEqual({ ids: [two] });
    const soql = `SELECT Id FROM Contact WHERE Id = '${two}'`;
    const gone = await org.api<{ totalSize: number }>(`/queryAll?q=${encodeURIComponent(soql)}`);
    expect(gone.body.totalSize).toBe(0);
    expect((await org.control<{ ids: string[] }>('touch', { count: 5 })).ids).toHaveLength(5);
  });

  it('creates given contacts as another user, or as the one that is named', async () => {
    const records = [{ LastName: 'Twin' }];
    const { ids } = await org.control<{ ids: string[] }>('contacts', { records });
    const { userId } = org.emulator;
    const { ids: own } = await org.control<{ ids: string[] }>('contacts', { records, userId });
    const creatorOf = async (id: string | undefined) =>
      (await org.api(`/sobjects/Contact/${id}`)).body.CreatedById;
    expect(await creatorOf(own[0])).toBe(userId);
    expect(await creatorOf(ids[0])).not.toBe(userId);
    for (const wrong of [{ records: 'x' }, { records: ['x'] }, { records, count: 1 }]) {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify(wrong);
      expect((await org.controlReply('contacts', { method: 'POST', headers, body })).status).toBe(400);
    }
  });

  it('dumps every contact as NDJSON in Salesforce’s formats, deleted ones on demand', async () => {
    const { ids } = await org.control<{ ids: string[] }>('delete', { count: 2 });
    expect(await dump()).toHaveLength(48);
    const all = await dump('?deleted=1');
    expect(all).toHaveLength(50);
    const [first] = await dump();
    const { body } = await org.api(`/sobjects/Contact/${first?.Id}`);
    for (const name of ['Id', 'LastName', 'Email', 'CreatedDate', 'SystemModstamp', 'IsDeleted']) {
      expect(first?.[name], name).toEqual(body[name]);
    }
    expect(
      all
        .filter((r) => r.IsDeleted)
        .map((r) => r.Id)
        .sort(),
    ).toEqual([...ids].sort());
  });

  it('takes other settings while a hidden field is gone', async () => {
    await org.control('settings', { addFields: [{ name: 'Short__c', type: 'string' }] });
    await org.control('settings', { hiddenFields: ['Short__c', 'Title'] });
    await org.control('settings', { removeFields: ['Short__c'] });
    expect(await org.control('settings', { commitLagMs: 0 })).toMatchObject({ hiddenFields: ['Title'] });
  });

  it('opens transactions by count and by ids, in short and in full', async () => {
    const made = await org.control<{ ids: string[] }>('open-transaction', { create: 2 });
    expect(made.ids).toHaveLength(2);
    const touched = await org.control<{ ids: string[] }>('open-transaction', { touch: { count: 1 } });
    const other = await org.control<{ ids: string[] }>('contacts', { count: 1 });
    await org.control('open-transaction', { delete: other.ids });
    expect(await org.control('commit', {})).toEqual({ ids: [...made.ids, ...touched.ids, ...other.ids] });
  });

  it('sets and moves the clock', async () => {
    expect(await org.control('clock', { now: '2030-01-02T03:04:05.000Z' })).toMatchObject({
      now: expect.stringMatching(/^2030-01-02T03:04:05/),
    });
    const moved = await org.control<{ now: string }>('clock', { advanceMs: 3_600_000 });
    expect(moved.now).toMatch(/^2030-01-02T04:04:0/);
  });

  it('logs calls in order, without secrets and without its own requests', async () => {
    await org.api('/limits');
    const { identity } = (await org.api<{ identity: string }>('/')).body;
    await fetch(`${identity}?oauth_token=${encodeURIComponent(org.emulator.accessToken)}&format=json`);
    await fetch(`${org.emulator.url}/`);
    const calls = await org.control<Json[]>('calls');
    expect(calls.map((c) => [c.method, c.path, c.status])).toEqual([
      ['GET', '/services/data/v62.0/limits', 200],
      ['GET', '/services/data/v62.0/', 200],
      ['GET', `/id/${org.emulator.orgId}/${org.emulator.userId}?oauth_token=***&format=json`, 200],
    ]);
    expect(calls[0]).toMatchObject({
      at: expect.stringMatching(/Z$/),
      bytes: expect.any(Number),
      ms: expect.any(Number),
    });
    expect(JSON.stringify(calls)).not.toContain(org.emulator.accessToken.split('!')[1]);
  });

  it('logs a call as cut whose client vanished with the answer unread', async () => {
    const socket = connect(org.emulator.port, '127.0.0.1');
    socket.pause();
    socket.on('error', () => {});
    const token = `Authorization: Bearer ${org.emulator.accessToken}`;
    socket.write(`GET /services/data/v62.0/limits HTTP/1.1\r\nHost: localhost\r\n${token}\r\n\r\n`);
    const calls = () => org.control<Json[]>('calls');
    await expect.poll(async () => (await calls()).length).toBe(1);
    expect((await calls())[0]).toMatchObject({ status: 200, cut: false, committed: true });
    socket.resetAndDestroy();
    await expect.poll(async () => (await calls())[0]?.cut).toBe(true);
  });

  it('keeps the last 10,000 calls', async () => {
    const { CallLog } = await import('../../../src/emulator/http/call-log.ts');
    const log = new CallLog();
    for (let i = 0; i < 25_000; i++) log.close(log.open('now', 'GET', `/${i}`), 'GET /');
    expect(log.list()).toHaveLength(10_000);
    expect(log.list()[0]?.path).toBe('/15000');
    expect(log.total).toBe(25_000);
  });

  it('goes back to the start, byte for byte', async () => {
    const { text: before } = await org.controlReply('contacts');
    await org.control('touch', { count: 10 });
    await org.control('contacts', { count: 3 });
    await org.control('settings', { dailyLimit: 5, hiddenFields: ['Title'] });
    await org.control('sessions', { expire: true });
    await org.control('reset', {});
    const { text: after } = await org.controlReply('contacts');
    expect(after).toBe(before);
    expect(await org.control('settings')).toMatchObject({ dailyLimit: 100_000, hiddenFields: [] });
    expect((await org.api('/limits')).status).toBe(200);
  });

  it('opens sessions of other users', async () => {
    const soql = 'SELECT Username FROM User WHERE IsActive = true';
    const users = await org.api<{ records: { Username: string }[] }>(`/query?q=${encodeURIComponent(soql)}`);
    const other = users.body.records.map((u) => u.Username).find((n) => n !== org.emulator.username);
    const { accessToken } = await org.control<{ accessToken: string }>('sessions', { login: other });
    const info = await org.api('/services/oauth2/userinfo', { token: accessToken });
    expect(info.body.preferred_username).toBe(other);
  });

  it('answers mistakes with 400 and a clear error, unknown names with 404, wrong methods with 405', async () => {
    const post = (name: string, body: string) =>
      org.controlReply(name, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    for (const [name, body] of [
      ['contacts', '{}'],
      ['contacts', '{"count":-1}'],
      ['contacts', 'nonsense'],
      ['contacts', '[]'],
      ['touch', '{}'],
      ['touch', '{"ids":["003000000000001AAA"]}'],
      ['delete', '{"ids":"x"}'],
      ['undelete', '{}'],
      ['merge', '{"master":"x"}'],
      ['clock', '{}'],
      ['clock', '{"now":"yesterday"}'],
      ['settings', '{"noSuchSetting":1}'],
      ['settings', '{"dailyLimit":"many"}'],
      ['settings', '{"bulkPageRows":0}'],
      ['open-transaction', '{"create":{}}'],
      ['visibility', '{"ids":[]}'],
      ['sessions', '{"login":"nobody"}'],
    ] as const) {
      const reply = await post(name, body);
      expect(reply.status, `${name} ${body}: ${reply.text}`).toBe(400);
      expect(reply.body).toEqual({ error: { code: expect.any(String), message: expect.any(String) } });
    }
    expect((await org.controlReply('nothing')).status).toBe(404);
    expect((await org.controlReply('merge')).status).toBe(405);
  });
});
