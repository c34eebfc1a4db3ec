import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { contact } from '../../src/org/synced-object.ts';
import { connectRemote } from '../../src/salesforce/connect-remote.ts';
import type { Remote } from '../../src/sync/ports/remote.ts';
import { openWire } from '../../src/wire/open-wire.ts';
import { failure } from './connected.ts';

const contacts = 250;
const wire = openWire();
let emulator: Emulator;
let remote: Remote;

beforeAll(async () => {
  emulator = await startEmulator({ contacts });
});
afterAll(async () => {
  await wire.close();
  await emulator.close();
});
beforeEach(async () => {
  await control('reset', {});
  remote = connectRemote({
    session: {
      instanceUrl: emulator.url,
      userId: emulator.userId,
      accessToken: async () => emulator.accessToken,
      renew: async () => emulator.accessToken,
    },
    apiVersion: '62.0',
    wire,
    gzip: false,
  });
});

async function control(path: string, body: unknown): Promise<{ ids: string[] }> {
  const response = await fetch(`${emulator.url}/__emulator/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.ok, await response.clone().text()).toBe(true);
  return (await response.json()) as { ids: string[] };
}

async function text(blocks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const block of blocks) all.push(block);
  return Buffer.concat(all).toString();
}

/** The emulator's clock is the machine's, and a window's ends are whole minutes. */
const lastHour = () => ({ start: remote.clock.now() - 3_600_000, end: remote.clock.now() + 60_000 });

describe('against the emulator', () => {
  it('describe, identity, limits and count', async () => {
    const described = await remote.of(contact).describe();
    if (described === 'not-modified') throw new Error('It was not asked conditionally.');
    const names = described.fields.map((f) => f.name);
    expect(names).toEqual(
      expect.arrayContaining(['Id', 'Name', 'LastName', 'MailingCity', 'SystemModstamp']),
    );
    expect(names).not.toContain('MailingAddress');
    if (described.lastModified !== null) {
      const again = await remote.of(contact).describe({ ifModifiedSince: described.lastModified });
      expect(again).toBe('not-modified');
    }
    expect(await remote.identity()).toEqual({
      orgId: emulator.orgId,
      userId: emulator.userId,
      username: emulator.username,
    });
    expect((await remote.usage.limits()).dailyApiRequests.max).toBe(100_000);
    expect(await remote.of(contact).count(null)).toBe(contacts);
    expect(await remote.of(contact).count("LastName = 'nobody has this name'")).toBe(0);
    expect(remote.usage.reported()).toMatchObject({ max: 100_000 });
    expect(Math.abs(remote.clock.now() - Date.now())).toBeLessThan(2_000);
  });

  it('queries, small and by the page, and collections', async () => {
    const all = await remote.queries.all('SELECT Id FROM Contact ORDER BY Id');
    expect(all.records).toHaveLength(contacts);
    const ids = all.records.map((r) => String(r.Id));
    const page = await remote.queries.page('SELECT Id, LastName FROM Contact LIMIT 200', ['Id', 'LastName'], {
      pageSize: 200,
    });
    expect(JSON.parse(await text(page.blocks)).records).toHaveLength(200);
    await control('delete', { ids: ids.slice(0, 1) });
    const rows = await remote.of(contact).retrieve(ids.slice(0, 3), ['Id', 'LastName']);
    expect(rows.expectedRows).toBe(3);
    expect(JSON.parse(await text(rows.blocks)).map((r: { Id: string } | null) => r?.Id ?? null)).toEqual([
      null,
      ids[1],
      ids[2],
    ]);
    const gone = await remote.queries.all(`SELECT Id, IsDeleted FROM Contact WHERE Id = '${ids[0]}'`, {
      deleted: true,
    });
    expect(gone.records).toMatchObject([{ Id: ids[0], IsDeleted: true }]);
    expect(await failure(remote.queries.all('SELECT Nope__c FROM Contact'))).toMatchObject({
      code: 'INVALID_FIELD',
    });
  });

  it('what was updated and deleted', async () => {
    await remote.of(contact).count(null);
    const touched = (await control('touch', { count: 3, set: { Title: 'New' } })).ids;
    const removed = (await control('delete', { count: 2 })).ids;
    const updated = await remote.of(contact).changes.updated(lastHour());
    const left = touched.filter((id) => !removed.includes(id));
    expect(updated.ids).toEqual(expect.arrayContaining(left));
    const deleted = await remote.of(contact).changes.deleted(lastHour());
    expect(deleted.records.map((r) => r.id)).toEqual(expect.arrayContaining(removed));
    expect(Math.abs(deleted.answeredAt - Date.now())).toBeLessThan(5_000);
    const backwards = { start: remote.clock.now(), end: remote.clock.now() - 3_600_000 };
    expect(await failure(remote.of(contact).changes.updated(backwards))).toMatchObject({
      code: 'INVALID_REPLICATION_DATE',
    });
  });

  it('a bulk job by locators and by result pages', async () => {
    await control('settings', { bulkPageRows: 100 });
    const job = await remote.bulk.create('SELECT Id, LastName FROM Contact', 'query');
    let state = job.state;
    for (let i = 0; i < 50 && state !== 'JobComplete'; i++) state = (await remote.bulk.info(job.id)).state;
    expect(await remote.bulk.info(job.id)).toMatchObject({
      state: 'JobComplete',
      numberRecordsProcessed: contacts,
    });
    const chain: string[] = [];
    let rows = 0;
    for (let locator: string | null = null; ; ) {
      const page = await remote.bulk.results(job.id, ['Id', 'LastName'], { locator });
      rows += page.body.expectedRows ?? 0;
      chain.push(await text(page.body.blocks));
      locator = page.nextLocator;
      if (locator === null) break;
    }
    expect(rows).toBe(contacts);
    expect(chain).toHaveLength(3);
    const { resultUrls, done } = await remote.bulk.resultPages(job.id);
    expect(done).toBe(true);
    const parallel = await Promise.all(
      resultUrls.map(async (url) => text((await remote.bulk.resultPage(url, ['Id'])).body.blocks)),
    );
    expect(parallel).toEqual(chain);
    await remote.bulk.delete(job.id);
    await remote.bulk.delete(job.id);
    expect(await failure(remote.bulk.info(job.id))).toMatchObject({ details: { errorCode: 'NOT_FOUND' } });
  });

  it('writes: create, update, delete and each refusal by record', async () => {
    const [made, refused] = await remote
      .of(contact)
      .writes.createMany([{ LastName: 'Made' }, { FirstName: 'Only' }]);
    expect(refused).toMatchObject({
      kind: 'refused',
      errors: [{ code: 'REQUIRED_FIELD_MISSING', fields: ['LastName'] }],
    });
    if (made?.kind !== 'done') throw new Error('It was not made.');
    expect(await remote.of(contact).writes.updateMany([{ Id: made.id, Title: 'T' }])).toEqual([
      { kind: 'done', id: made.id, created: false },
    ]);
    expect(await remote.of(contact).writes.deleteMany([made.id])).toMatchObject([
      { kind: 'done', id: made.id },
    ]);
    expect(await remote.of(contact).writes.deleteMany([made.id])).toMatchObject([
      { kind: 'refused', errors: [{ code: 'ENTITY_IS_DELETED' }] },
    ]);
    const together = await remote.of(contact).writes.createMany([{ LastName: 'A' }, { FirstName: 'B' }], {
      allOrNone: true,
    });
    expect(together.map((o) => (o.kind === 'refused' ? o.errors[0]?.code : o.kind))).toEqual([
      'ALL_OR_NONE_OPERATION_ROLLED_BACK',
      'REQUIRED_FIELD_MISSING',
    ]);
    expect(await remote.of(contact).count("LastName = 'A'")).toBe(0);
  });

  it('an idempotent create whose answer is lost gives the same contact when sent again', async () => {
    const create = { key: crypto.randomUUID(), fields: { LastName: 'Once' } };
    await control('faults', [{ match: 'POST .*/ui-api/records', times: 1, reset: 'after-commit' }]);
    expect(await remote.of(contact).writes.createIdempotent(create)).toMatchObject({ kind: 'unknown' });
    expect(await remote.of(contact).writes.createIdempotent(create)).toMatchObject({
      kind: 'done',
      created: true,
    });
    expect(await remote.of(contact).count("LastName = 'Once'")).toBe(1);
    const bad = { key: crypto.randomUUID(), fields: { LastName: 'x', Email: 'no mail' } };
    expect(await remote.of(contact).writes.createIdempotent(bad)).toMatchObject({
      kind: 'refused',
      errors: [{ code: 'INVALID_EMAIL_ADDRESS', fields: ['Email'] }],
    });
    await control('settings', { idempotency: false });
    const other = { key: crypto.randomUUID(), fields: { LastName: 'Never' } };
    expect(await remote.of(contact).writes.createIdempotent(other)).toBe('unsupported');
    expect(await remote.of(contact).count("LastName = 'Never'")).toBe(0);
  });

  it('gzip, where the org offers it', async () => {
    const zipped = connectRemote({
      session: {
        instanceUrl: emulator.url,
        userId: emulator.userId,
        accessToken: async () => emulator.accessToken,
        renew: async () => emulator.accessToken,
      },
      apiVersion: '62.0',
      wire,
    });
    const soql = 'SELECT Id, LastName FROM Contact ORDER BY Id LIMIT 100';
    const [plain, packed] = await Promise.all(
      [remote, zipped].map(async (r) => text((await r.queries.page(soql, ['Id', 'LastName'])).blocks)),
    );
    expect(packed).toBe(plain);
  });

  it('a page cut in the middle, and the same page asked again', async () => {
    await control('faults', [{ match: 'GET .*/query', times: 1, dropAfterBytes: 5_000 }]);
    const soql = 'SELECT Id, LastName, Email FROM Contact';
    const first = await remote.queries.page(soql, ['Id']);
    expect(await failure(text(first.blocks))).toMatchObject({ code: 'NETWORK_UNREACHABLE' });
    const second = await remote.queries.page(soql, ['Id']);
    expect(JSON.parse(await text(second.blocks)).records).toHaveLength(contacts);
  });
});
