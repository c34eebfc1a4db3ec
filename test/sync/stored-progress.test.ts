import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../../src/base/errors.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { parseChunk, placeOf } from '../../src/sync/backfill/chunk.ts';
import { newCopyState, parseCopyState } from '../../src/sync/backfill/copy-state.ts';
import type { StoredChunk } from '../../src/sync/ports/run.ts';
import { newReconcileState, parseReconcileState } from '../../src/sync/reconcile/reconcile-state.ts';
import { control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import fc from '../support/properties.ts';
import { openRig, type Rig } from './rig.ts';

const span = { lower: '2026-01-01T00:00:00.000Z', upper: null };
const job = { ...span, attempt: 0, jobId: '750A', jobRows: 4 };
const key = { createdDate: '2026-01-02T00:00:00.000Z', id: '003000000000001AAA' };

/** As version 0.1.0 wrote them, one of each shape. */
const chunksOf010 = [
  { kind: 'rest-span', spec: { ...span, expected: 12.5 }, position: null },
  { kind: 'rest-span', spec: { lower: null, upper: null, expected: 0 }, position: key },
  { kind: 'bulk-span', spec: { ...span, attempt: 2 }, position: null },
  { kind: 'bulk-span', spec: { ...span, attempt: 0 }, position: { jobId: '750A', locator: null } },
  {
    kind: 'bulk-span',
    spec: { ...span, attempt: 0 },
    position: { jobId: '750A', locator: 'MTAw', ended: false },
  },
  { kind: 'bulk-job', spec: job, position: null },
  {
    kind: 'bulk-page',
    spec: { ...job, url: '/services/data/v62.0/jobs/query/750A/results' },
    position: null,
  },
];
const stateOf010 = {
  t0: 1_767_225_600_000,
  api: 'rest',
  reason: '300 contacts are few enough for REST queries',
  total: 300,
  planned: true,
  fields: null,
  fromEmpty: true,
};

function stored(chunk: Pick<StoredChunk, 'kind' | 'spec' | 'position'>): StoredChunk {
  return { id: 7, runId: 'r', state: 'pending', rows: 3, ...chunk };
}

/** Every way to take one member away or to put something else in its place. */
function damaged(value: object): object[] {
  return Object.keys(value).flatMap((name) =>
    [undefined, {}, Number.NaN, -1].map((other) => ({ ...value, [name]: other })),
  );
}

const unreadable = (error: unknown) => isAppError(error, 'PROGRESS_UNREADABLE');
function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return null;
}

describe('a stored chunk', () => {
  it.each(chunksOf010)('of version 0.1.0 is read: $kind, $position', (chunk) => {
    const read = parseChunk(stored(chunk));
    expect(read).toMatchObject({ id: 7, runId: 'r', rows: 3, ...chunk });
    expect(placeOf(read)).toEqual({ rows: 3, isBegun: chunk.position !== null });
  });

  it('that is damaged is refused with its number and a way back, whichever member it is', () => {
    for (const { kind, spec, position } of chunksOf010) {
      // Version 0.1.0 left `ended` out; what else is optional is not.
      for (const other of damaged(spec)) {
        const error = thrown(() => parseChunk(stored({ kind, spec: other, position })));
        expect(unreadable(error), `${kind} ${JSON.stringify(other)}`).toBe(true);
        expect(error).toMatchObject({ message: expect.stringContaining('chunk 7') });
        expect(error).toMatchObject({ hint: expect.stringContaining('backfill --fresh') });
      }
      if (position === null) continue;
      const { ended: _, ...needed } = { ended: false, ...position };
      for (const other of damaged(needed))
        expect(unreadable(thrown(() => parseChunk(stored({ kind, spec, position: other }))))).toBe(true);
    }
  });

  it('of a kind that this version does not know says that another version wrote it', () => {
    const error = thrown(() => parseChunk(stored({ kind: 'graph-span', spec: span, position: null })));
    expect(error).toMatchObject({ message: expect.stringContaining('another version') });
  });

  it('is either read or refused, whatever it holds', () => {
    const kinds = fc.constantFrom(...chunksOf010.map(({ kind }) => kind), 'else');
    fc.assert(
      fc.property(kinds, fc.jsonValue(), fc.jsonValue(), (kind, spec, position) => {
        const error = thrown(() => parseChunk(stored({ kind, spec, position })));
        expect(error === null || unreadable(error)).toBe(true);
      }),
    );
  });
});

describe('the stored state of a first copy', () => {
  const parse = (state: unknown) => parseCopyState({ id: 'r', state });

  it('of version 0.1.0 is read, and of its first days, which kept less', () => {
    expect(parse(stateOf010)).toEqual({
      ...stateOf010,
      version: 0,
      begunAt: stateOf010.t0,
      afterAnother: false,
      closing: false,
      overtaken: false,
      fruitless: 0,
    });
    const { fields: _, fromEmpty: __, ...first } = stateOf010;
    expect(parse(first)).toMatchObject({ fields: undefined, fromEmpty: false });
    expect(parse({ ...stateOf010, closing: true, fields: ['Email'] })).toMatchObject({
      closing: true,
      fields: ['Email'],
    });
  });

  it('of a run that fills new columns is none', () => {
    expect(parse({ fields: ['New__c'], fill: true })).toBeNull();
  });

  it('is read as it was written', () => {
    const state = newCopyState({
      ...stateOf010,
      api: 'bulk',
      fields: ['Email'],
      userId: '005000000000001AAA',
      begunAt: 1,
      afterAnother: true,
    });
    expect(parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
  });

  it('that is damaged is refused, whichever member it is', () => {
    for (const name of ['t0', 'api', 'total'] as const) {
      for (const other of [undefined, {}, 'x'])
        expect(unreadable(thrown(() => parse({ ...stateOf010, [name]: other })))).toBe(true);
    }
    for (const [name, other] of Object.entries({ planned: 1, fields: [1], fromEmpty: 'yes', closing: {} }))
      expect(unreadable(thrown(() => parse({ ...stateOf010, [name]: other })))).toBe(true);
    for (const other of [undefined, null, 'text', [], 5])
      expect(unreadable(thrown(() => parse(other)))).toBe(true);
  });

  it('of a later version says that another version wrote it', () => {
    const error = thrown(() => parse({ ...stateOf010, version: 99 }));
    expect(error).toMatchObject({ message: expect.stringContaining('another version') });
  });
});

/** Ends a first copy after some of its pages. */
async function interrupted(rig: Rig, api: 'rest' | 'bulk'): Promise<void> {
  await control(rig.emulator.url, 'settings', { maxPageRows: 40, bulkPageRows: 40 });
  const stop = new AbortController();
  let pages = 0;
  const onEvent = rig.context.onEvent;
  rig.context.onEvent = (event) => {
    if (event.type === 'backfill:progress' && ++pages === 4) stop.abort();
  };
  const report = await backfill(rig.context, { api, concurrency: 1, signal: stop.signal });
  rig.context.onEvent = onEvent;
  expect(report.status).toBe('interrupted');
}

function change(rig: Rig, sql: string): void {
  const db = new Database(rig.context.mirror.location);
  db.exec(sql);
  db.close();
}

describe('the stored state of a reconcile', () => {
  const parse = (state: unknown) => parseReconcileState({ id: 'r', state });
  const state = newReconcileState({
    ...{ cause: 'asked', why: 'it was asked for', dryRun: false, userId: '005000000000001AAA' },
    ...{ t0: 1, begunAt: 2, api: 'rest', total: 3, live: 4, requestId: 'feedbeef' },
  });

  it('is read as it was kept, and where a former version did not keep for which request it was begun', () => {
    expect(parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
    const { requestId: _, ...former } = state;
    expect(parse(former)).toEqual({ ...state, requestId: null });
    expect(parse({ ...state, requestId: 7 })).toBeNull();
    expect(parse({ ...state, total: undefined })).toBeNull();
  });
});

describe('an interrupted first copy', () => {
  it.each(['rest', 'bulk'] as const)('that version 0.1.0 left in the mirror goes on: %s', async (api) => {
    await using rig = await openRig({ contacts: 300 });
    await interrupted(rig, api);
    // What that version did not know, it did not write.
    change(
      rig,
      `UPDATE run SET state = json_remove(state, '$.version', '$.fruitless', '$.closing'), status = 'interrupted';
       UPDATE chunk SET position = json_remove(position, '$.ended') WHERE position IS NOT NULL;`,
    );
    const pending = await rig.context.mirror.journal.chunks(
      (await rig.context.mirror.journal.runs({}))[0]!.id,
      'pending',
    );
    expect(pending.length).toBeGreaterThan(0);
    const report = await backfill(rig.context, { signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', resumed: true, contacts: 300, inserted: 300 });
    await expectMirrorEqualsOrg(rig.context.mirror.location, rig.emulator.url);
  });

  it.each([
    ['a chunk without its end', `UPDATE chunk SET spec = '{"lower":null}' WHERE state = 'pending'`],
    ['a chunk that is no JSON', `UPDATE chunk SET spec = '{"lower":nul' WHERE state = 'pending'`],
    ['a position that is no JSON', `UPDATE chunk SET position = 'x' WHERE state = 'pending'`],
    ['a state without T0', `UPDATE run SET state = json_remove(state, '$.t0')`],
    ['a state that is no JSON', `UPDATE run SET state = '{'`],
    ['a state of a later version', `UPDATE run SET state = json_set(state, '$.version', 99)`],
  ])('with %s ends with a way back, and loses nothing', async (_, sql) => {
    await using rig = await openRig({ contacts: 300 });
    await interrupted(rig, 'rest');
    const { contacts } = await rig.context.mirror.contacts.counts();
    change(rig, sql);
    const report = await backfill(rig.context, { signal: rig.signal });
    expect(report).toMatchObject({ status: 'failed', contacts, error: { code: 'PROGRESS_UNREADABLE' } });
    expect(report.error?.hint).toContain('backfill --fresh');
    expect(await rig.context.mirror.journal.cursors()).toEqual({ updated: null, deleted: null });
  });
});
