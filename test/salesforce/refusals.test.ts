import { describe, expect, it } from 'vitest';
import type { RefusalKind } from '../../src/base/refusal-kind.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { contact } from '../../src/org/synced-object.ts';
import { type Refusal, refusalCodes, refusalOf } from '../../src/salesforce/refusals.ts';
import type { RecordWrites, WriteOutcome } from '../../src/sync/ports/record-writes.ts';
import { apiFault, connected, failure } from './connected.ts';

const id = '003000000000001AAA';
const key = '12cfe4e6-e477-4de8-aa4e-95d31aa2be24';

const manySends: Record<string, (writes: RecordWrites) => Promise<WriteOutcome[]>> = {
  'creates in a collection': (writes) => writes.createMany([{ LastName: 'A' }]),
  'updates in a collection': (writes) => writes.updateMany([{ Id: id, LastName: 'A' }]),
  'deletes in a collection': (writes) => writes.deleteMany([id]),
  upserts: (writes) => writes.upsertMany('Ext__c', [{ Ext__c: 'a' }]),
};
const uiApi = async (writes: RecordWrites) => [await writes.createIdempotent({ key, fields: {} })];
const codes = refusalCodes();

/** The exit code of a read that ends so, and a word that its hint must hold. */
const readEnds: Record<RefusalKind, { exit: number; hint: RegExp }> = {
  passing: { exit: 5, hint: /again|passes|smaller|answer/ },
  limit: { exit: 5, hint: /limits|lower the concurrency/ },
  login: { exit: 3, hint: /parahack-sync login --instance-url/ },
  admin: { exit: 1, hint: /administrator|permission/ },
  app: { exit: 1, hint: /client app/ },
  clock: { exit: 1, hint: /clock/ },
  record: { exit: 1, hint: /^(?!.*push it again)./ },
};
/** Codes that keep an exit code of their own, because callers act on them. */
const ownExit: Record<string, number> = { QUERY_TIMEOUT: 5 };

describe('the table of what the API can refuse', () => {
  it('knows more than 200 codes, each once', () => {
    expect(codes.length).toBeGreaterThan(200);
    expect(new Set(codes.map((code) => code.replaceAll('_', ''))).size).toBe(codes.length);
  });

  it.each<[string, RefusalKind, Refusal['about']]>([
    ['UNABLE_TO_LOCK_ROW', 'passing', 'record'],
    ['SERVER_UNAVAILABLE', 'passing', 'request'],
    ['API_CURRENTLY_DISABLED', 'passing', 'request'],
    ['REQUEST_LIMIT_EXCEEDED', 'limit', 'request'],
    ['LIMIT_EXCEEDED', 'limit', 'request'],
    ['ExceededQuota', 'limit', 'request'],
    ['STORAGE_LIMIT_EXCEEDED', 'limit', 'record'],
    ['INVALID_SESSION_ID', 'login', 'request'],
    ['INVALID_OPERATION_WITH_EXPIRED_PASSWORD', 'login', 'request'],
    ['CLIENT_NOT_ACCESSIBLE_FOR_USER', 'app', 'request'],
    ['API_DISABLED_FOR_ORG', 'admin', 'request'],
    ['TXN_SECURITY_NO_ACCESS', 'admin', 'request'],
    ['INSUFFICIENT_ACCESS_OR_READONLY', 'admin', 'record'],
    ['CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', 'admin', 'record'],
    ['FIELD_CUSTOM_VALIDATION_EXCEPTION', 'record', 'record'],
    ['DUPLICATE_VALUE', 'record', 'record'],
    ['JSON_PARSER_ERROR', 'record', 'record'],
    ['NOT_FOUND', 'record', 'request'],
    ['InvalidJob', 'record', 'request'],
  ])('calls %s %s, about the %s', (code, kind, about) => {
    expect(refusalOf(code)).toMatchObject({ kind, about });
  });

  it('decides alike for a read, whatever its status: exit code and hint by kind', async () => {
    await using c = await connected();
    for (const code of codes) {
      const { kind } = refusalOf(code)!;
      c.org.always({ status: 400, ...apiFault(code, 'as Salesforce says it') });
      const error = (await failure(c.remote.of(contact).count(null))) as Error & {
        code: string;
        hint?: string;
      };
      const { exit, hint } = readEnds[kind];
      expect({ code, exit: exitCodeOf(error.code) }).toEqual({ code, exit: ownExit[code] ?? exit });
      expect({ code, hint: error.hint }).toEqual({ code, hint: expect.stringMatching(hint) });
    }
  });

  it('decides alike for a record’s own result, however it is sent', async () => {
    await using c = await connected();
    for (const code of codes) {
      const { kind } = refusalOf(code)!;
      const expected = kind === 'passing' || kind === 'limit' ? 'not-done' : 'refused';
      const item = { success: false, errors: [{ statusCode: code, message: 'm', fields: [] }] };
      for (const [way, send] of Object.entries(manySends)) {
        c.org.script({ body: [item] });
        const [outcome] = await send(c.remote.of(contact).writes);
        expect({ code, way, kind: outcome?.kind }).toEqual({ code, way, kind: expected });
        if (outcome?.kind === 'not-done') expectToWait(outcome);
      }
      const output = { errors: [{ errorCode: code, message: 'm', field: null }], fieldErrors: {} };
      c.org.script({ status: 400, body: { enhancedErrorType: 'RecordError', message: 'm', output } });
      const [outcome] = await uiApi(c.remote.of(contact).writes);
      if (outcome === 'unsupported') throw new Error(code);
      expect({ code, way: 'UI API', kind: outcome?.kind }).toEqual({ code, way: 'UI API', kind: expected });
      if (outcome?.kind === 'not-done') expectToWait(outcome);
    }
  });

  it('takes a request that is refused as a whole for a doubt unless the record’s own fault is named', async () => {
    await using c = await connected();
    for (const code of codes) {
      const { kind, about } = refusalOf(code)!;
      const passing = kind === 'passing' || kind === 'limit';
      const expected = about === 'request' ? 'unknown' : passing ? 'not-done' : 'refused';
      for (const [way, send] of Object.entries({ ...manySends, 'UI API': uiApi })) {
        c.org.always({ status: 400, ...apiFault(code, 'm') });
        const [outcome] = await send(c.remote.of(contact).writes);
        if (outcome === 'unsupported') throw new Error(code);
        expect({ code, way, kind: outcome?.kind }).toEqual({ code, way, kind: expected });
      }
    }
  });

  it('says of no 5xx that nothing was done, whatever code it carries', async () => {
    await using c = await connected();
    for (const code of [
      'REQUEST_LIMIT_EXCEEDED',
      'UNABLE_TO_LOCK_ROW',
      'DUPLICATE_VALUE',
      'INVALID_SESSION_ID',
    ]) {
      c.org.always({ status: 503, ...apiFault(code, 'm') });
      for (const send of [...Object.values(manySends), uiApi]) {
        expect(await send(c.remote.of(contact).writes)).toMatchObject([{ kind: 'unknown' }]);
      }
    }
  });

  it('has a safe answer for a code that it does not know', async () => {
    await using c = await connected();
    const code = 'NEVER_HEARD_OF';
    c.org.always({ status: 400, ...apiFault(code, 'm') });
    expect(await failure(c.remote.of(contact).count(null))).toMatchObject({ code: 'SALESFORCE_ERROR' });
    for (const send of [...Object.values(manySends), uiApi]) {
      expect(await send(c.remote.of(contact).writes)).toMatchObject([{ kind: 'unknown' }]);
    }
    c.org.always({ body: [{ success: false, errors: [{ statusCode: code, message: 'm', fields: [] }] }] });
    for (const send of Object.values(manySends)) {
      expect(await send(c.remote.of(contact).writes)).toMatchObject([
        { kind: 'refused', errors: [{ code }] },
      ]);
    }
  });
});

function expectToWait({ error, ofRecord }: Extract<WriteOutcome, { kind: 'not-done' }>): void {
  const { code, hint } = error as Error & { code: string; hint?: string };
  expect(ofRecord).toBe(true);
  expect(exitCodeOf(code)).toBe(5);
  expect(hint).toMatch(/./);
}
