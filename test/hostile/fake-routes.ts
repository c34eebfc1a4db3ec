import { apiTime, described, type FakeContact } from './fake-contacts.ts';
import type { FakeOrg, FakeRequest } from './fake-org.ts';

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

type Handler = (org: FakeOrg, request: FakeRequest, match: RegExpExecArray) => Answer;

const data = '/services/data/v62\\.0';
const jobId = '750000000000001AAA';
const orgId = '00D000000000062EAA';
const userId = '005000000000001AAA';

/** Name, method and path of every call that a command of ours makes. */
const routes: [name: string, method: string, path: string, handler: Handler][] = [
  [
    'versions',
    'GET',
    '/services/data/?',
    () => ({ body: [{ version: '62.0', url: '/services/data/v62.0' }] }),
  ],
  ['root', 'GET', `${data}/?`, (org) => ({ body: { identity: `${org.url}/id/${orgId}/${userId}` } })],
  ['token', 'POST', '/services/oauth2/token', token],
  ['revoke', 'POST', '/services/oauth2/revoke', () => ({ body: '' })],
  ['userinfo', 'GET', '/services/oauth2/userinfo', userinfo],
  [
    'limits',
    'GET',
    `${data}/limits`,
    () => ({ body: { DailyApiRequests: { Max: 100_000, Remaining: 90_000 } } }),
  ],
  [
    'describe',
    'GET',
    `${data}/sobjects/Contact/describe`,
    () => ({ body: { name: 'Contact', fields: described } }),
  ],
  ['updated', 'GET', `${data}/sobjects/Contact/updated/?.*`, updated],
  ['deleted', 'GET', `${data}/sobjects/Contact/deleted/?.*`, deleted],
  ['query', 'GET', `${data}/query/?\\?.*`, query],
  ['queryAll', 'GET', `${data}/queryAll/?\\?.*`, query],
  ['retrieve', 'POST', `${data}/composite/sobjects/Contact`, retrieve],
  ['createMany', 'POST', `${data}/composite/sobjects`, (org, { body }) => write(body, (r) => create(org, r))],
  [
    'updateMany',
    'PATCH',
    `${data}/composite/sobjects`,
    (org, { body }) => write(body, (r) => update(org, r)),
  ],
  [
    'upsertMany',
    'PATCH',
    `${data}/composite/sobjects/Contact/.*`,
    (org, { body }) => write(body, (r) => create(org, r)),
  ],
  ['deleteMany', 'DELETE', `${data}/composite/sobjects/?\\?.*`, removeMany],
  ['createOne', 'POST', `${data}/ui-api/records`, createOne],
  ['bulkCreate', 'POST', `${data}/jobs/query`, (org) => ({ body: job(org) })],
  ['bulkInfo', 'GET', `${data}/jobs/query/\\w+`, (org) => ({ body: job(org) })],
  ['bulkDelete', 'DELETE', `${data}/jobs/query/\\w+`, () => ({ status: 204 })],
  ['resultPages', 'GET', `${data}/jobs/query/\\w+/resultPages.*`, resultPages],
  ['results', 'GET', `${data}/jobs/query/\\w+/results.*`, results],
];

/** What any call is answered whose access token has ended. */
export const endedSession: { name: string; answer: Answer } = {
  name: 'ended session',
  answer: {
    status: 401,
    body: [{ errorCode: 'INVALID_SESSION_ID', message: 'Session expired or invalid' }],
  },
};

export function routeOf(org: FakeOrg, request: FakeRequest): { name: string; answer: Answer } {
  for (const [name, method, path, handler] of routes) {
    const match = request.method === method ? new RegExp(`^${path}$`).exec(request.url) : null;
    if (match !== null) return { name, answer: handler(org, request, match) };
  }
  const body = [{ errorCode: 'NOT_FOUND', message: `${request.method} ${request.url.split('?', 1)[0]}` }];
  return { name: 'unknown', answer: { status: 404, body } };
}

function token(org: FakeOrg): Answer {
  const body = {
    access_token: org.accessToken,
    refresh_token: org.refreshToken,
    instance_url: org.url,
    id: `${org.url}/id/${orgId}/${userId}`,
    issued_at: String(org.now()),
    token_type: 'Bearer',
    scope: 'api refresh_token',
  };
  return { body };
}

function userinfo(): Answer {
  return { body: { organization_id: orgId, user_id: userId, preferred_username: 'user@fake.example' } };
}

function spanOf(url: string): [number, number] {
  const { searchParams } = new URL(url, 'http://x');
  const at = (name: string) => Date.parse((searchParams.get(name) ?? '').replace(/\+0000$/, 'Z'));
  return [at('start'), at('end')];
}

function updated(org: FakeOrg, { url }: FakeRequest): Answer {
  const [start, end] = spanOf(url);
  const ids = [...org.contacts.live.values()]
    .filter(({ SystemModstamp }) => isWithin(SystemModstamp, start, end))
    .map(({ Id }) => Id);
  return { body: { ids, latestDateCovered: apiTime(Math.min(end, org.now())) } };
}

function deleted(org: FakeOrg, { url }: FakeRequest): Answer {
  const [start, end] = spanOf(url);
  const deletedRecords = [...org.contacts.deleted.values()]
    .filter(({ at }) => isWithin(at, start, end))
    .map(({ Id, at }) => ({ id: Id, deletedDate: at }));
  const latestDateCovered = apiTime(Math.min(end, org.now()));
  const earliestDateAvailable = apiTime(org.now() - 60 * 86_400_000);
  return { body: { deletedRecords, latestDateCovered, earliestDateAvailable } };
}

function isWithin(stamp: string, start: number, end: number): boolean {
  const at = Date.parse(stamp.replace('+0000', 'Z'));
  return at >= start && at < end;
}

function record(contact: FakeContact, fields: readonly string[]): Record<string, unknown> {
  const url = `/services/data/v62.0/sobjects/Contact/${contact.Id}`;
  const values = Object.fromEntries(fields.map((name) => [name, contact[name] ?? null]));
  return { attributes: { type: 'Contact', url }, ...values };
}

/** As much of SOQL as our own queries need. */
function query(org: FakeOrg, { url }: FakeRequest): Answer {
  const soql = new URL(url, 'http://x').searchParams.get('q') ?? '';
  const all = url.includes('/queryAll');
  const live = [...org.contacts.live.values()];
  if (/^SELECT COUNT\(\)/.test(soql)) return { body: { totalSize: live.length, done: true, records: [] } };
  if (/ FROM User /.test(soql)) return recordsAnswer([{ Username: 'user@fake.example' }]);
  if (/GROUP BY/.test(soql)) {
    const first = new Date(live[0]?.CreatedDate as string);
    return recordsAnswer([{ y: first.getUTCFullYear(), m: first.getUTCMonth() + 1, n: live.length }]);
  }
  const fields =
    /^SELECT (.*?) FROM/
      .exec(soql)?.[1]
      ?.split(',')
      .map((name) => name.trim()) ?? [];
  const ids = /Id IN \(([^)]*)\)/
    .exec(soql)?.[1]
    ?.split(',')
    .map((id) => id.trim().replaceAll("'", ''));
  // Behind a key there is nothing: all contacts fit into the first page.
  const behindKey = /Id > '/.test(soql);
  const from = all ? org.contacts.all() : live;
  const found = behindKey ? [] : from.filter(({ Id }) => ids === undefined || ids.includes(Id));
  const limit = Number(/LIMIT (\d+)/.exec(soql)?.[1] ?? 2_000);
  return recordsAnswer(found.slice(0, limit).map((contact) => record(contact, fields)));
}

function recordsAnswer(records: Record<string, unknown>[]): Answer {
  return { body: { totalSize: records.length, done: true, records } };
}

function retrieve(org: FakeOrg, { body }: FakeRequest): Answer {
  const { ids, fields } = JSON.parse(body) as { ids: string[]; fields: string[] };
  return {
    body: ids.map((id) => {
      const contact = org.contacts.live.get(id);
      return contact === undefined ? null : record(contact, fields);
    }),
  };
}

type Rec = Record<string, unknown>;

function write(body: string, one: (record: Rec) => unknown): Answer {
  const { records } = JSON.parse(body) as { records: Rec[] };
  return { body: records.map(one) };
}

function create(org: FakeOrg, { attributes: _, ...values }: Rec): unknown {
  const { Id } = org.contacts.create(values, org.now());
  return { id: Id, success: true, created: true, errors: [] };
}

function update(org: FakeOrg, { attributes: _, Id, id, ...values }: Rec): unknown {
  const target = String(Id ?? id);
  const success = org.contacts.update(target, values, org.now());
  return success ? { id: target, success, errors: [] } : notFound(target);
}

function removeMany(org: FakeOrg, { url }: FakeRequest): Answer {
  const ids = (new URL(url, 'http://x').searchParams.get('ids') ?? '').split(',');
  const one = (id: string) =>
    org.contacts.remove(id, org.now()) ? { id, success: true, errors: [] } : notFound(id);
  return { body: ids.map(one) };
}

function notFound(id: string): unknown {
  const error = { statusCode: 'ENTITY_IS_DELETED', message: 'entity is deleted', fields: [] };
  return { id, success: false, errors: [error] };
}

function createOne(org: FakeOrg, { body }: FakeRequest): Answer {
  const { fields } = JSON.parse(body) as { fields: Rec };
  const { Id } = org.contacts.create(fields, org.now());
  return { status: 201, body: { id: Id, apiName: 'Contact', fields: {} } };
}

function job(org: FakeOrg): Rec {
  return {
    id: jobId,
    operation: 'query',
    object: 'Contact',
    createdDate: apiTime(org.now()),
    state: 'JobComplete',
    apiVersion: 62.0,
    numberRecordsProcessed: org.contacts.live.size,
  };
}

function resultPages(): Answer {
  return {
    body: { resultPages: [{ resultUrl: `/services/data/v62.0/jobs/query/${jobId}/results` }], done: true },
  };
}

function results(org: FakeOrg): Answer {
  const names = described.map(({ name }) => name);
  const cell = (value: unknown) =>
    `"${String(value ?? '')
      .replaceAll('+0000', 'Z')
      .replaceAll('"', '""')}"`;
  const rows = [...org.contacts.live.values()].map((contact) =>
    names.map((name) => cell(contact[name])).join(','),
  );
  const headers = {
    'content-type': 'text/csv',
    'sforce-numberofrecords': String(rows.length),
    'sforce-locator': 'null',
  };
  return { headers, body: [names.map((name) => `"${name}"`).join(','), ...rows, ''].join('\n') };
}
