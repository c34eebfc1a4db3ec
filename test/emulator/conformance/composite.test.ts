import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

interface SubResult {
  body: Json & Json[];
  httpHeaders: Record<string, string>;
  httpStatusCode: number;
  referenceId: string;
}

// Sources: REST API Developer Guide (Composite, Composite Batch, sObject Tree, Composite Graph, Composite
// Subrequest Result, "Error Handling in Composite Resources").
describe('composite resources', () => {
  let org: ConformanceOrg;
  const base = '/services/data/v62.0';

  beforeAll(async () => {
    org = await conformanceOrg();
  });
  afterAll(() => org[Symbol.asyncDispose]());

  const composite = (compositeRequest: Json[], allOrNone = false) =>
    org.api<{ compositeResponse: SubResult[] }>('/composite', { json: { allOrNone, compositeRequest } });
  const post = (referenceId: string, object: string, body: Json) => ({
    method: 'POST',
    url: `${base}/sobjects/${object}`,
    referenceId,
    body,
  });
  const live = () => org.live();

  it('runs subrequests in order, later ones referring to earlier results', async () => {
    const LastName = org.unused('Referred');
    const { status, body } = await composite([
      post('account', 'Account', { Name: 'Composite Ltd' }),
      post('contact', 'Contact', { LastName, AccountId: '@{account.id}' }),
      { method: 'GET', url: `${base}/sobjects/Contact/@{contact.id}?fields=AccountId`, referenceId: 'read' },
      {
        method: 'GET',
        url: `${base}/query?q=${encodeURIComponent(`SELECT Id FROM Contact WHERE LastName = '${LastName}'`)}`,
        referenceId: 'found',
      },
    ]);
    expect(status).toBe(200);
    const [account, contact, read, found] = body.compositeResponse;
    expect(account).toMatchObject({ httpStatusCode: 201, referenceId: 'account', body: { success: true } });
    expect(account?.httpHeaders.Location).toBe(`${base}/sobjects/Account/${account?.body.id}`);
    expect(read?.body.AccountId).toBe(account?.body.id);
    expect(found?.body).toMatchObject({ totalSize: 1, records: [{ Id: contact?.body.id }] });
  });

  it('halts only what refers to a failure without allOrNone', async () => {
    const { body } = await composite([
      post('bad', 'Contact', { FirstName: 'x' }),
      post('depends', 'Contact', { LastName: '@{bad.id}' }),
      post('good', 'Contact', { LastName: 'Independent' }),
    ]);
    expect(body.compositeResponse.map((r) => r.httpStatusCode)).toEqual([400, 400, 201]);
    expect(body.compositeResponse[0]?.body[0]?.errorCode).toBe('REQUIRED_FIELD_MISSING');
    expect(body.compositeResponse[1]?.body[0]?.errorCode).toBe('PROCESSING_HALTED');
  });

  it('rolls back under allOrNone: all others answer 400 PROCESSING_HALTED', async () => {
    const before = await live();
    const { body } = await composite(
      [
        post('good', 'Contact', { LastName: 'Rolled back' }),
        post('bad', 'Contact', { FirstName: 'x' }),
        post('late', 'Contact', { LastName: 'Never run' }),
      ],
      true,
    );
    expect(body.compositeResponse.map((r) => r.httpStatusCode)).toEqual([400, 400, 400]);
    expect(body.compositeResponse.map((r) => r.body[0]?.errorCode)).toEqual([
      'PROCESSING_HALTED',
      'REQUIRED_FIELD_MISSING',
      'PROCESSING_HALTED',
    ]);
    expect(await live()).toBe(before);
  });

  it('takes 25 subrequests, unique reference ids of letters, digits and underscores', async () => {
    const many = (n: number) =>
      Array.from({ length: n }, (_, i) => ({ method: 'GET', url: `${base}/limits`, referenceId: `r${i}` }));
    expect((await composite(many(25))).body.compositeResponse).toHaveLength(25);
    expect((await composite(many(26))).status).toBe(400);
    expect((await composite([...many(1), ...many(1)])).status).toBe(400);
    expect((await composite([{ method: 'GET', url: `${base}/limits`, referenceId: 'a-b' }])).status).toBe(
      400,
    );
    expect((await composite([{ method: 'GET', url: `${base}/limits` }])).status).toBe(400);
  });

  it('carries a long query in a subrequest that no URI could (16,384 bytes)', async () => {
    const condition = Array.from({ length: 600 }, (_, i) => `'${String(i).padStart(40, 'x')}'`).join(',');
    const q = encodeURIComponent(`SELECT COUNT() FROM Contact WHERE LastName IN (${condition})`);
    const { body } = await composite([{ method: 'GET', url: `${base}/query?q=${q}`, referenceId: 'long' }]);
    expect(body.compositeResponse[0]).toMatchObject({ httpStatusCode: 200, body: { totalSize: 0 } });
  });

  it('counts a composite once, a batch by its subrequests', async () => {
    const used = async () =>
      Number(/api-usage=(\d+)/.exec((await org.api('/limits')).headers.get('sforce-limit-info') ?? '')?.[1]);
    const start = await used();
    await composite([post('a', 'Contact', { LastName: 'a' }), post('b', 'Contact', { LastName: 'b' })]);
    const afterComposite = await used();
    expect(afterComposite - start).toBe(2);
    await org.api('/composite/batch', {
      json: { batchRequests: [1, 2, 3].map(() => ({ method: 'GET', url: 'v62.0/limits' })) },
    });
    expect((await used()) - afterComposite).toBe(4);
  });

  it('runs a batch of independent subrequests; after haltOnError the rest answer 412', async () => {
    const batchRequests = [
      { method: 'POST', url: 'v62.0/sobjects/Contact', richInput: { LastName: 'Batched' } },
      { method: 'POST', url: 'v62.0/sobjects/Contact', richInput: { FirstName: 'x' } },
      { method: 'GET', url: 'v62.0/limits' },
    ];
    const batch = async (haltOnError: boolean) =>
      (
        await org.api<{ hasErrors: boolean; results: { statusCode: number; result: Json & Json[] }[] }>(
          '/composite/batch',
          { json: { batchRequests, haltOnError } },
        )
      ).body;
    const going = await batch(false);
    expect(going.hasErrors).toBe(true);
    expect(going.results.map((r) => r.statusCode)).toEqual([201, 400, 200]);
    const halted = await batch(true);
    expect(halted.results.map((r) => r.statusCode)).toEqual([201, 400, 412]);
    expect(halted.results[2]?.result[0]?.errorCode).toBe('BATCH_PROCESSING_HALTED');
  });

  it('fails as a whole of a header that subrequests inherit, and of a method in other letters', async () => {
    const read = { method: 'GET', url: `${base}/sobjects/Contact/describe`, referenceId: 'r' };
    for (const header of ['Authorization', 'Accept', 'content-type']) {
      expect((await composite([{ ...read, httpHeaders: { [header]: 'x' } }])).status, header).toBe(400);
    }
    expect((await composite([{ ...read, httpHeaders: { 'If-Modified-Since': 'x' } }])).status).toBe(200);
    for (const method of ['get', 'HEAD', 'QUERY']) {
      expect((await composite([{ ...read, method }])).status, method).toBe(400);
    }
  });

  it('creates nothing of a tree whose records are of another type than its path says', async () => {
    const before = await live();
    const { status } = await org.api('/composite/tree/Account', {
      json: { records: [{ attributes: { type: 'Contact', referenceId: 'r' }, LastName: 'Astray' }] },
    });
    expect(status).toBe(400);
    expect(await live()).toBe(before);
  });

  it('takes no batch whose subrequests are of a later version than its own, or older than 34', async () => {
    const batch = (url: string, version: string) =>
      org.api<Json[]>('/composite/batch', { json: { batchRequests: [{ method: 'GET', url }] }, version });
    expect((await batch('v58.0/limits', '60.0')).status).toBe(200);
    expect((await batch('v61.0/limits', '60.0')).status).toBe(400);
    expect((await batch('v33.0/limits', '60.0')).status).toBe(400);
  });

  it('takes only the documented resources in a batch and in a composite request', async () => {
    const record = { method: 'POST', body: { records: [{ LastName: 'Nested' }] } };
    const urls = ['composite', 'composite/tree/Contact', 'composite/batch', 'ui-api/records', 'jobs/query'];
    const before = await live();
    for (const url of [...urls, 'limits']) {
      const { body } = await composite([{ ...record, url: `${base}/${url}`, referenceId: 'r' }]);
      expect(body.compositeResponse[0]?.httpStatusCode, url).toBe(400);
    }
    for (const url of [...urls, 'composite/sobjects']) {
      const batchRequests = [{ method: 'POST', url: `v62.0/${url}`, richInput: record.body }];
      const { status } = await org.api('/composite/batch', { json: { batchRequests } });
      expect(status, url).toBe(400);
    }
    expect(await live()).toBe(before);
  });

  it('creates a tree with 201, ids by reference, children pointing to their parent', async () => {
    const { status, body } = await org.api<{
      hasErrors: boolean;
      results: { referenceId: string; id: string }[];
    }>('/composite/tree/Account', {
      json: {
        records: [
          {
            attributes: { type: 'Account', referenceId: 'root' },
            Name: 'Tree Ltd',
            Contacts: {
              records: [
                { attributes: { type: 'Contact', referenceId: 'leaf1' }, LastName: 'Leaf 1' },
                { attributes: { type: 'Contact', referenceId: 'leaf2' }, LastName: 'Leaf 2' },
              ],
            },
          },
        ],
      },
    });
    expect(status).toBe(201);
    expect(body.hasErrors).toBe(false);
    const id = (ref: string) => body.results.find((r) => r.referenceId === ref)?.id;
    expect(body.results).toHaveLength(3);
    const leaf = await org.api(`/sobjects/Contact/${id('leaf2')}?fields=AccountId`);
    expect(leaf.body.AccountId).toBe(id('root'));
  });

  it('creates nothing of a tree with one bad record: 400 with hasErrors', async () => {
    const before = await live();
    const { status, body } = await org.api<{ hasErrors: boolean; results: Json[] }>(
      '/composite/tree/Contact',
      {
        json: {
          records: [
            { attributes: { type: 'Contact', referenceId: 'good' }, LastName: 'Good' },
            { attributes: { type: 'Contact', referenceId: 'bad' }, FirstName: 'Bad' },
          ],
        },
      },
    );
    expect(status).toBe(400);
    expect(body.hasErrors).toBe(true);
    expect(body.results).toEqual([
      { referenceId: 'bad', errors: [expect.objectContaining({ statusCode: 'REQUIRED_FIELD_MISSING' })] },
    ]);
    expect(await live()).toBe(before);
  });

  it('runs each graph as a whole (Composite Graph)', async () => {
    const { body } = await org.api<{
      graphs: { graphId: string; isSuccessful: boolean; graphResponse: { compositeResponse: SubResult[] } }[];
    }>('/composite/graph', {
      json: {
        graphs: [
          { graphId: 'g1', compositeRequest: [post('a', 'Contact', { LastName: 'Graph' })] },
          {
            graphId: 'g2',
            compositeRequest: [
              post('a', 'Contact', { LastName: 'x' }),
              post('b', 'Contact', { FirstName: 'x' }),
            ],
          },
        ],
      },
    });
    expect(body.graphs.map((g) => [g.graphId, g.isSuccessful])).toEqual([
      ['g1', true],
      ['g2', false],
    ]);
    expect(body.graphs[1]?.graphResponse.compositeResponse.map((r) => r.httpStatusCode)).toEqual([400, 400]);
  });
});
