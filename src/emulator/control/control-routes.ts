import { endJobs } from '../bulk/end-jobs.ts';
import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import type { JsonObject } from '../schema/json.ts';
import { restInstant } from '../schema/stamp.ts';
import type { ControlHost } from './control-host.ts';
import type { ControlBody } from './control-input.ts';
import {
  asObject,
  ControlError,
  need,
  onlyKeys,
  readBoolean,
  readCount,
  readIds,
  readTargets,
  readText,
} from './control-input.ts';
import type { Emulation } from './emulation.ts';
import { faultAsJson, readFaults } from './fault-input.ts';
import { changeSettings, readSettings } from './settings-input.ts';
import { stateReport } from './state-report.ts';
import { readTouch, readTransaction } from './transaction-input.ts';

type Control = (body: unknown, query: URLSearchParams, host: ControlHost) => unknown;

/** The control surface by `METHOD name`, as docs/emulator.md lists it. */
export const controls: Record<string, Control> = {
  'GET state': (_body, _query, { emulation }) => stateReport(emulation),
  'GET settings': (_body, _query, { emulation }) => readSettings(emulation),
  'POST settings': (body, _query, { emulation }) => changeSettings(asObject(body), emulation),
  'POST contacts': createContacts,
  'GET contacts': (_body, query, { emulation }) => contactsDump(query, emulation),
  'POST touch': (body, _query, { emulation }) => ({
    ids: emulation.org.control.touch(readTouch(asObject(body))),
  }),
  'POST delete': (body, _query, { emulation }) => ({ ids: emulation.org.control.delete(onlyTargets(body)) }),
  'POST undelete': (body, _query, { emulation }) => ({ ids: emulation.org.control.undelete(onlyIds(body)) }),
  'POST purge': (body, _query, { emulation }) => ({ ids: emulation.org.control.purge(onlyIds(body)) }),
  'POST merge': merge,
  'POST clock': moveClock,
  'GET clock': (_body, _query, { emulation }) => clockNow(emulation),
  'POST sessions': changeSessions,
  'POST tokens': changeTokens,
  'GET faults': (_body, _query, { emulation }) => emulation.faults.pending.map(faultAsJson),
  'POST faults': (body, _query, { emulation }) => {
    emulation.faults.set(readFaults(body));
    return { faults: emulation.faults.pending.length };
  },
  'POST open-transaction': (body, _query, { emulation }) =>
    emulation.org.control.openTransaction(readTransaction(asObject(body))),
  'POST commit': commit,
  'POST open-transaction/commit': commit,
  'POST delete-log': forgetDeletes,
  'POST visibility': changeVisibility,
  'POST ingest-jobs': endIngestJobs,
  'GET calls': (_body, query, { emulation }) => emulation.calls.list(readLimit(query)),
  'POST usage': changeUsage,
  'GET jwt-key': async (_body, _query, host) => ({ privateKey: await host.jwtPrivateKey() }),
  'POST reset': async (body, _query, host) => {
    onlyKeys(asObject(body), []);
    await host.reset();
    return stateReport(host.emulation);
  },
};

function commit(body: unknown, _query: URLSearchParams, { emulation }: ControlHost): unknown {
  onlyKeys(asObject(body), []);
  return emulation.org.control.commit();
}

function readLimit(query: URLSearchParams): number | undefined {
  const text = query.get('limit');
  if (text === null) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new ControlError('"limit" must be a whole number from 1 on.');
  return Number(text);
}

function createContacts(body: unknown, _query: URLSearchParams, { emulation }: ControlHost): unknown {
  const input = asObject(body);
  if (input.records !== undefined) return createRecords(input, emulation);
  onlyKeys(input, ['count', 'seed']);
  const count = need(readCount(input, 'count'), 'count');
  const seed = readCount(input, 'seed', { max: Number.MAX_SAFE_INTEGER });
  return { ids: emulation.org.control.createContacts(seed === undefined ? { count } : { count, seed }) };
}

/** `{records, userId?}` */
function createRecords(input: ControlBody, { org }: Emulation): unknown {
  onlyKeys(input, ['records', 'userId']);
  const { records } = input;
  if (!Array.isArray(records)) throw new ControlError('"records" must be an array of JSON objects.');
  const given = records.map((record) => asObject(record, 'Each of "records"') as JsonObject);
  const userId = readText(input, 'userId');
  return { ids: org.control.create({ records: given, ...(userId === undefined ? {} : { userId }) }) };
}

function contactsDump(query: URLSearchParams, { org }: Emulation): Answer {
  const flag = query.get('deleted');
  const deleted = flag !== null && flag !== '0' && flag !== 'false';
  const blocks = org.control.contactsNdjson({ deleted });
  return {
    status: 200,
    headers: { 'Content-Type': 'application/x-ndjson;charset=UTF-8' },
    body: asyncBlocks(blocks),
  };
}

async function* asyncBlocks(blocks: Iterable<Buffer>): AsyncIterable<Uint8Array> {
  yield* blocks;
}

function onlyTargets(body: unknown): { ids: string[] } | { count: number } {
  const input = asObject(body);
  onlyKeys(input, ['ids', 'count']);
  return readTargets(input);
}

function onlyIds(body: unknown): string[] {
  const input = asObject(body);
  onlyKeys(input, ['ids']);
  return need(readIds(input, 'ids'), 'ids');
}

function merge(body: unknown, _query: URLSearchParams, { emulation }: ControlHost): unknown {
  const input = asObject(body);
  onlyKeys(input, ['master', 'losers']);
  const master = need(readText(input, 'master'), 'master');
  return emulation.org.control.merge({ master, losers: need(readIds(input, 'losers'), 'losers') });
}

/** Year 4000 is the latest that Salesforce knows. */
const latestClockMs = Date.UTC(4_000, 0, 1);

function moveClock(body: unknown, _query: URLSearchParams, { emulation }: ControlHost): unknown {
  const input = asObject(body);
  onlyKeys(input, ['now', 'advanceMs']);
  const { clock } = emulation.org;
  const { now, advanceMs } = input;
  if (now !== undefined && advanceMs !== undefined) {
    throw new ControlError('Either "now" or "advanceMs" is wanted, not both.');
  }
  const at = now === undefined ? clock.now() + readAdvance(advanceMs) : readInstant(now);
  if (!(at >= 0 && at <= latestClockMs)) throw new ControlError('The clock can be set from 1970 to 4000.');
  if (now === undefined) clock.advance(readAdvance(advanceMs));
  else clock.set(at);
  emulation.agenda.catchUp();
  return clockNow(emulation);
}

/** Deletes before that time are named by `deleted` no more, and it says so. */
function forgetDeletes(body: unknown, _query: URLSearchParams, { emulation }: ControlHost): unknown {
  const input = asObject(body);
  onlyKeys(input, ['before']);
  const before = readInstant(need(input.before, 'before'));
  emulation.org.control.purgeDeleteLog(before);
  return { before: new Date(before).toISOString() };
}

function readAdvance(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new ControlError('Either "now" (ISO 8601 or milliseconds) or "advanceMs" (a number) is required.');
  }
  return value;
}

function readInstant(value: unknown): number {
  const at =
    typeof value === 'number' ? value : Date.parse(String(value).replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  if (!Number.isFinite(at)) throw new ControlError(`"now" is no instant: ${String(value)}`);
  return at;
}

function clockNow({ org }: Emulation): unknown {
  const now = org.clock.now();
  return { now: new Date(now).toISOString(), nowMs: now, salesforce: restInstant(now) };
}

/** `{expire: true}` ends every access token; `{login: username}` opens a session of that user. */
function changeSessions(body: unknown, _query: URLSearchParams, { emulation }: ControlHost): unknown {
  const input = asObject(body);
  onlyKeys(input, ['expire', 'login']);
  const { oauth } = emulation;
  const login = readText(input, 'login');
  if (login !== undefined && input.expire !== undefined) {
    throw new ControlError('Either "login" or "expire" is wanted, not both.');
  }
  if (login !== undefined) {
    const user = oauth.directory.users().find((u) => u.username.toLowerCase() === login.toLowerCase());
    if (!user) throw new ControlError(`There is no user "${login}".`);
    const session = oauth.sessions.open({
      userId: user.id,
      clientId: oauth.app.clientId,
      scopes: oauth.app.scopes,
      timeoutMs: Number.POSITIVE_INFINITY,
    });
    return { accessToken: session.token, userId: user.id, username: user.username };
  }
  if (need(readBoolean(input, 'expire'), 'expire')) return { expired: oauth.sessions.closeAll() };
  return { expired: 0 };
}

function changeTokens(body: unknown, _query: URLSearchParams, { emulation }: ControlHost): unknown {
  const input = asObject(body);
  onlyKeys(input, ['revokeRefresh']);
  const { oauth } = emulation;
  return {
    revoked: need(readBoolean(input, 'revokeRefresh'), 'revokeRefresh') ? oauth.families.revokeAll() : 0,
  };
}

function changeVisibility(body: unknown, _query: URLSearchParams, { emulation }: ControlHost): unknown {
  const input = asObject(body);
  onlyKeys(input, ['ids', 'hidden', 'userId']);
  const userId = readText(input, 'userId');
  return emulation.org.control.setVisibility({
    ids: need(readIds(input, 'ids'), 'ids'),
    hidden: need(readBoolean(input, 'hidden'), 'hidden'),
    ...(userId === undefined ? {} : { userId }),
  });
}

/** `{as, ids?, afterRows?, message?}`: ends ingest jobs as an administrator or Salesforce does. */
function endIngestJobs(body: unknown, _query: URLSearchParams, { emulation }: ControlHost): unknown {
  const input = asObject(body);
  onlyKeys(input, ['as', 'ids', 'afterRows', 'message']);
  const { as } = input;
  if (as !== 'Aborted' && as !== 'Failed' && as !== 'Deleted') {
    throw new ControlError('"as" must be Aborted, Failed or Deleted.');
  }
  const ids = readIds(input, 'ids');
  const afterRows = readCount(input, 'afterRows', { max: Number.MAX_SAFE_INTEGER });
  if (ids !== undefined && afterRows !== undefined) {
    throw new ControlError('Either "ids" or "afterRows" is wanted, not both.');
  }
  const message = readText(input, 'message') ?? 'InternalServerError : The job failed, as it was told to.';
  if (afterRows !== undefined) {
    if (as === 'Deleted') throw new ControlError('A job is deleted at once only.');
    emulation.jobs.planEnd({ as, afterRows, message });
    return { ids: [] };
  }
  return { ids: endJobs(as, { message, ...(ids && { ids }) }, emulation) };
}

/** `{used: n}`: as if n requests had been made just now. */
function changeUsage(body: unknown, _query: URLSearchParams, { emulation }: ControlHost): unknown {
  const input: ControlBody = asObject(body);
  onlyKeys(input, ['used']);
  emulation.usage.setUsed(need(readCount(input, 'used', { max: Number.MAX_SAFE_INTEGER }), 'used'));
  return { used: emulation.usage.used() };
}

/** What a control answers as an answer; an Answer passes through. */
export function controlResult(value: unknown): Answer {
  const answer = value as Answer;
  return typeof answer === 'object' &&
    answer !== null &&
    typeof answer.status === 'number' &&
    'body' in answer
    ? answer
    : jsonAnswer(200, value);
}
