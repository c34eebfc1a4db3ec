import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { AppError } from '../../src/base/errors.ts';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { calls, control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { isDeep } from '../support/deep.ts';
import { heldLease } from '../support/leases.ts';
import { openRig, type Rig } from './rig.ts';

const apis = ['rest', 'bulk'] as const;
const fileOf = (rig: Rig) => mirrorPath(join(rig.folder, 'orgs'), rig.emulator.url);
const equal = (rig: Rig) => expectMirrorEqualsOrg(fileOf(rig), rig.emulator.url);

describe.each(apis)('backfill by %s', (api) => {
  it('copies an empty org', async () => {
    await using rig = await openRig();
    expect(await backfill(rig.context, { api, signal: rig.signal })).toMatchObject({
      status: 'complete',
      contacts: 0,
    });
    await equal(rig);
  });

  it('reads equal stamps over page edges, in short pages, each contact once', async () => {
    await using rig = await openRig();
    // One call creates all of them within one second.
    await control(rig.emulator.url, 'contacts', { count: 501, seed: 3 });
    await control(rig.emulator.url, 'settings', { maxPageRows: 50, bulkPageRows: 50 });
    const report = await backfill(rig.context, { api, concurrency: 4, signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', contacts: 501, inserted: 501 });
    await equal(rig);
  });

  it('brings what is changed, deleted, undeleted and merged while its chunks are under way', async () => {
    await using rig = await openRig({ contacts: 1_500 });
    const { url } = rig.emulator;
    await control(url, 'settings', { maxPageRows: 100, bulkPageRows: 100, latencyMs: 3 });
    const { ids } = await control(url, 'delete', { count: 3 });
    let step = 0;
    const busy: Promise<unknown>[] = [];
    const meddle = [
      () => control(url, 'touch', { count: 20, set: { Title: 'Changed meanwhile' } }),
      () => control(url, 'delete', { count: 15 }),
      () => control(url, 'undelete', { ids: ids.slice(0, 2) }),
      () => control(url, 'contacts', { count: 9, seed: 5 }),
      async () => {
        const { ids: pair } = await control(url, 'touch', { count: 2, set: { Department: 'Merged' } });
        return control(url, 'merge', { master: pair[0], losers: [pair[1]] });
      },
    ];
    const context = {
      ...rig.context,
      onEvent: () => {
        const next = meddle[step++];
        if (next) busy.push(next());
      },
    };
    const report = await backfill(context, { api, concurrency: 2, signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', error: null });
    expect(step).toBeGreaterThanOrEqual(meddle.length);
    await Promise.all(busy);
    await runCycle(rig.context, { push: false, signal: rig.signal });
    await equal(rig);
  });

  it('catches up as a step of its own run, whose calls are all that were made', async () => {
    await using rig = await openRig({ contacts: 300 });
    const { url } = rig.emulator;
    const { records } = rig.context;
    // T0 is known, and then a contact changes and another goes, before their pages are read.
    let isChanged = false;
    const count: typeof records.count = async (...args) => {
      if (!isChanged) await control(url, 'touch', { count: 1, set: { Title: 'Meanwhile' } });
      isChanged = true;
      return records.count(...args);
    };
    let deleted = false;
    const changes: typeof records.changes = {
      ...records.changes,
      updated: async (...args) => {
        const answer = await records.changes.updated(...args);
        if (deleted || answer.ids.length === 0) return answer;
        deleted = true;
        await control(url, 'delete', { ids: answer.ids.slice(0, 1) });
        return answer;
      },
    };
    const context = { ...rig.context, records: { ...records, count, changes } };
    const { runId, error } = await backfill(context, { api, signal: rig.signal });
    expect(error).toBeNull();
    const { journal } = rig.context.mirror;
    expect((await journal.runs({})).map(({ kind }) => kind)).toEqual(['backfill']);
    const steps = await journal.steps(runId!);
    expect(steps.map(({ name }) => name).slice(-2)).toEqual(['catch-up', 'compare']);
    const run = (await journal.run(runId!))!;
    expect(run.apiCalls).toBe((await calls(url)).length);
    expect(run.counts.rows).toBe(300);
    expect(run.finishedAt).toBeGreaterThanOrEqual(steps.at(-1)!.finishedAt);
    await equal(rig);
  });

  it('tells in its steps why it could not catch up, and does so next time', async () => {
    await using rig = await openRig({ contacts: 30 });
    const { url } = rig.emulator;
    await control(url, 'faults', [
      { match: 'GET .*/(updated|deleted)', times: 2, delayMs: 0 },
      { match: 'GET .*/(updated|deleted)', times: 50, status: 500, errorCode: 'UNKNOWN_EXCEPTION' },
    ]);
    const first = await backfill(rig.context, { api, signal: rig.signal });
    expect(first.error).toMatchObject({ code: 'ORG_UNAVAILABLE' });
    const { journal } = rig.context.mirror;
    const step = (await journal.steps(first.runId!)).at(-1);
    expect(step).toMatchObject({ name: 'catch-up', note: expect.stringContaining('UNKNOWN_EXCEPTION') });
    await control(url, 'faults', []);
    const second = await backfill(rig.context, { api, signal: rig.signal });
    expect(second).toMatchObject({ status: 'complete', resumed: true, runId: first.runId });
    await equal(rig);
  });

  it('keeps T0 before a transaction that is open while it reads, so that its late rows are not lost', async () => {
    await using rig = await openRig({ contacts: 200 });
    const { url } = rig.emulator;
    await control(url, 'open-transaction', { create: { count: 5, seed: 11 } });
    // Within the minute of the transaction the org's clock and its coverage would be the same T0.
    await control(url, 'clock', { advanceMs: 2 * 60_000 });
    const report = await backfill(rig.context, { api, signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', contacts: 200 });
    await control(url, 'clock', { advanceMs: 5 * 60_000 });
    await control(url, 'commit', {});
    await runCycle(rig.context, { push: false, signal: rig.signal });
    expect((await rig.context.mirror.contacts.counts()).contacts).toBe(205);
    await equal(rig);
  });

  const faults = [
    { name: 'a cut before', fault: { reset: 'before' } },
    { name: 'a cut in the body', fault: { dropAfterBytes: 2_000 } },
    {
      name: '503 with Retry-After',
      fault: { status: 503, headers: { 'Retry-After': '0' }, errorCode: 'SERVER_UNAVAILABLE' },
    },
    {
      name: 'a maintenance page',
      fault: {
        status: 503,
        body: '<html>Down for maintenance</html>',
        headers: { 'Content-Type': 'text/html' },
      },
    },
    {
      name: 'the concurrent limit',
      fault: {
        status: 403,
        errorCode: 'REQUEST_LIMIT_EXCEEDED',
        body: '[{"message":"ConcurrentRequests (Concurrent API Requests) Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]',
      },
    },
    { name: '429', fault: { status: 429 } },
  ];
  /** At a hundredfold, a request of 0.2 s takes 20 s of the limit's patience. */
  const fast = (rig: Rig, fold: number) => ({
    ...rig.context,
    clock: {
      ...systemClock,
      monotonicMs: () => systemClock.monotonicMs() * fold,
      sleep: (ms: number, options?: { signal?: AbortSignal }) => systemClock.sleep(ms / fold, options),
    },
  });

  it('completes where the org works on five slow requests at once', async () => {
    await using rig = await openRig({ contacts: 40_000, concurrentLimit: 5 });
    const { url } = rig.emulator;
    await control(url, 'settings', { latencyMs: 205, bulkPageRows: 1_000 });
    const report = await backfill(fast(rig, 100), { api, concurrency: 12, signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', contacts: 40_000 });
    const refused = (await calls(url)).filter(({ status }) => status === 403);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(60);
    await equal(rig);
  });

  it('ends with the refusal where the org refuses its pages for ever', async () => {
    await using rig = await openRig({ contacts: 300 });
    const { url } = rig.emulator;
    const match = api === 'rest' ? 'GET .*/query\\?.*ORDER.*CreatedDate.*Id.*' : 'GET .*/result.*locator.*';
    await control(url, 'faults', [
      { match, times: 1e6, ...faults.find(({ name }) => name === 'the concurrent limit')?.fault },
    ]);
    const report = await backfill(fast(rig, 1_000), { api, signal: rig.signal });
    expect(report).toMatchObject({ status: 'failed', error: { code: 'REQUEST_LIMIT_EXCEEDED' } });
    expect(report.apiCalls).toBeLessThan(200);
    await control(url, 'faults', []);
    expect(await backfill(rig.context, { api, signal: rig.signal })).toMatchObject({ status: 'complete' });
    await equal(rig);
  });

  it.each(faults)('takes $name at every one of its requests, one after the other', async ({ fault }) => {
    await using rig = await openRig({ contacts: 300 });
    const { url } = rig.emulator;
    await control(url, 'settings', { maxPageRows: 60, bulkPageRows: 60 });
    // How many requests an undisturbed backfill needs, then one fault at each of them.
    await backfill(rig.context, { api, concurrency: 1, signal: rig.signal });
    const requests = (await calls(url)).length;
    const stride = isDeep ? 1 : 5;
    for (let at = 0; at < requests; at += stride) {
      await rig.context.mirror[Symbol.asyncDispose]();
      await rig.mirrors.remove(url, heldLease());
      const mirror = await rig.mirrors.open(url, { create: true, lease: heldLease() });
      rig.context.mirror = mirror;
      // The first `at` requests pass: `times` of a fault that changes nothing, then the real one.
      await control(url, 'faults', [
        ...(at > 0 ? [{ match: '.*', times: at, delayMs: 0 }] : []),
        { match: '.*', times: 1, ...fault },
      ]);
      const report = await backfill(rig.context, { api, concurrency: 1, signal: rig.signal });
      if (report.status !== 'complete') {
        // What is not repeated inside must be resumable.
        expect(report.error?.code).toMatch(/^[A-Z_]+$/);
        await control(url, 'faults', []);
        const again = await backfill(rig.context, { api, signal: rig.signal });
        expect(again, `${JSON.stringify(fault)} at request ${at}`).toMatchObject({ status: 'complete' });
      }
      await control(url, 'faults', []);
      await equal(rig);
    }
  });
});

describe('backfill', () => {
  it.each([
    { flag: '--api', other: { api: 'bulk' as const } },
    { flag: '--fields', other: { fields: ['Email', 'Phone'] } },
  ])('refuses to go on with another $flag than the run was begun with', async ({ flag, other }) => {
    await using rig = await openRig({ contacts: 90 });
    const { url } = rig.emulator;
    const begun = { api: 'rest' as const, fields: ['Email', 'LastName'], signal: rig.signal };
    await control(url, 'faults', [
      { match: 'GET .*/query\\?q=.*Email', times: 1_000, dropAfterBytes: 2_000 },
    ]);
    expect(await backfill(rig.context, begun)).toMatchObject({ status: 'failed', contacts: 0 });
    await control(url, 'faults', []);
    const before = (await calls(url)).length;
    const refused = await backfill(rig.context, { signal: rig.signal, ...other });
    expect(refused).toMatchObject({ status: 'failed', resumed: true, error: { code: 'INVALID_INPUT' } });
    expect(refused.error?.hint).toContain(flag);
    expect((await calls(url)).length).toBe(before);
    const same = { ...begun, fields: ['lastname', 'Email'] };
    expect(await backfill(rig.context, same)).toMatchObject({
      status: 'complete',
      contacts: 90,
      api: 'rest',
    });
  });

  it.each([
    { way: 'rest', api: 'rest' as const, match: 'GET .*/query\\?q=.*Email', chain: false },
    { way: 'bulk by URL', api: 'bulk' as const, match: 'GET .*/results', chain: false },
    { way: 'bulk by locator', api: 'bulk' as const, match: 'GET .*/results', chain: true },
  ])('asks again for a page cut in its body, a bounded number of times: $way', async (cut) => {
    await using rig = await openRig({ contacts: 300 });
    const { url } = rig.emulator;
    const listing = cut.chain ? [{ match: 'GET .*/resultPages', times: 1_000, status: 404 }] : [];
    const cutting = { match: `${cut.match}`, dropAfterBytes: 2_000 };
    const options = { api: cut.api, concurrency: 1, signal: rig.signal };
    await control(url, 'faults', [...listing, { ...cutting, times: 1_000 }]);
    expect(await backfill(rig.context, options)).toMatchObject({ status: 'failed', contacts: 0 });
    await control(url, 'faults', [...listing, { ...cutting, times: 2 }]);
    expect(await backfill(rig.context, options)).toMatchObject({ status: 'complete', contacts: 300 });
    await control(url, 'faults', []);
    await equal(rig);
  });

  it.each([
    [404, 'NOT_FOUND', 'by URL'],
    [404, 'NOT_FOUND', 'by locator'],
    [400, 'INVALID_QUERY_LOCATOR', 'by locator'],
    [400, 'INVALID_LOCATOR', 'by URL'],
    [400, 'INVALID_LOCATOR', 'by locator'],
    [400, 'InvalidJob', 'by URL'],
    [400, 'InvalidJobState', 'by locator'],
    [409, 'CODE_OF_NEXT_YEAR', 'by URL'],
    [410, 'GONE', 'by locator'],
  ])(
    'starts the span of a bulk job lost with %i %s again, and that span alone: %s',
    async (status, errorCode, way) => {
      await using rig = await openRig({ contacts: 400 });
      const { url } = rig.emulator;
      await control(url, 'settings', { bulkPageRows: 50 });
      await control(url, 'faults', [
        ...(way === 'by URL' ? [] : [{ match: 'GET .*/resultPages', times: 99, status: 404 }]),
        { match: 'GET .*/jobs/query/[^/]+/results', times: 2, delayMs: 0 },
        { match: 'GET .*/jobs/query/[^/]+/results', times: 1, status, errorCode },
      ]);
      const report = await backfill(rig.context, { api: 'bulk', concurrency: 1, signal: rig.signal });
      expect(report).toMatchObject({ status: 'complete', contacts: 400 });
      const jobs = (await calls(url)).filter(
        ({ method, path }) => method === 'POST' && /jobs\/query$/.test(path),
      );
      expect(jobs).toHaveLength(2);
      await equal(rig);
    },
  );

  it('has few of very many bulk jobs open at once, and lets none of them wait', async () => {
    await using rig = await openRig({ contacts: 3_000 });
    const { remote, sizes } = rig.context;
    const open = new Set<string>();
    let most = 0;
    let created = 0;
    const bulk: typeof remote.bulk = {
      ...remote.bulk,
      create: async (...args) => {
        const job = await remote.bulk.create(...args);
        open.add(job.id);
        created++;
        most = Math.max(most, open.size);
        return job;
      },
      delete: async (id, ...args) => {
        open.delete(id);
        return remote.bulk.delete(id, ...args);
      },
    };
    const context = { ...rig.context, remote: { ...remote, bulk }, sizes: { ...sizes, bulkSpanRows: 60 } };
    const report = await backfill(context, { api: 'bulk', signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', contacts: 3_000 });
    expect(created).toBeGreaterThan(40);
    expect(most).toBe(10);
    await equal(rig);
  });

  it('goes on with the bulk jobs of an interrupted copy before it begins others', async () => {
    await using rig = await openRig({ contacts: 3_000 });
    const { remote, sizes } = rig.context;
    let created = 0;
    let listed = 0;
    const bulk: typeof remote.bulk = {
      ...remote.bulk,
      create: async (...args) => {
        created++;
        return remote.bulk.create(...args);
      },
      resultPages: async (...args) => {
        if (++listed === 4) throw new AppError('ORG_UNAVAILABLE', 'The org is down.');
        return remote.bulk.resultPages(...args);
      },
    };
    const context = { ...rig.context, remote: { ...remote, bulk }, sizes: { ...sizes, bulkSpanRows: 60 } };
    const first = await backfill(context, { api: 'bulk', signal: rig.signal });
    expect(first).toMatchObject({ status: 'failed' });
    expect(created).toBeLessThan(16);
    const second = await backfill(context, { api: 'bulk', signal: rig.signal });
    expect(second).toMatchObject({ status: 'complete', contacts: 3_000, resumed: true });
    // One a span, in both parts together.
    const { journal } = rig.context.mirror;
    const spans = new Set(
      (await journal.chunks(second.runId!)).map(({ spec }) =>
        JSON.stringify((spec as { lower: unknown }).lower),
      ),
    );
    expect(created).toBe(spans.size);
    await equal(rig);
  });

  it('ends where a span loses five jobs, and asks as often again when it is resumed', async () => {
    await using rig = await openRig({ contacts: 100 });
    const { url } = rig.emulator;
    const jobs = async () =>
      (await calls(url)).filter(({ method, path }) => method === 'POST' && /jobs\/query$/.test(path)).length;
    await control(url, 'faults', [
      { match: 'GET .*/jobs/query/[^/]+/results', times: 999, status: 404, errorCode: 'NOT_FOUND' },
    ]);
    for (const jobsInAll of [5, 10]) {
      const lost = await backfill(rig.context, { api: 'bulk', signal: rig.signal });
      expect(lost).toMatchObject({ status: 'failed', error: { code: 'SALESFORCE_ERROR' } });
      expect(await jobs()).toBe(jobsInAll);
    }
    await control(url, 'faults', []);
    const report = await backfill(rig.context, { signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', resumed: true, contacts: 100 });
    await equal(rig);
  });

  it.each([
    ['parallel pages', []],
    ['a locator chain', [{ match: 'GET .*/resultPages', times: 99, status: 404, errorCode: 'NOT_FOUND' }]],
  ])('compares a job of %s with its pages though the process died between them', async (_, faults) => {
    await using rig = await openRig({ contacts: 200 });
    const { url } = rig.emulator;
    await control(url, 'settings', { bulkPageRows: 50 });
    await control(url, 'faults', faults);
    const { remote } = rig.context;
    let jobs = 0;
    const bulk: typeof remote.bulk = {
      ...remote.bulk,
      create: async (...args) => {
        jobs++;
        return remote.bulk.create(...args);
      },
      info: async (...args) => {
        const job = await remote.bulk.info(...args);
        return jobs === 1 ? { ...job, numberRecordsProcessed: job.numberRecordsProcessed + 7 } : job;
      },
    };
    const context = { ...rig.context, remote: { ...remote, bulk } };
    const dying: typeof context = {
      ...context,
      onEvent: (event) => {
        if (event.type === 'backfill:progress' && event.contacts === 200)
          throw new Error('The process dies.');
      },
    };
    expect(await backfill(dying, { api: 'bulk', signal: rig.signal })).toMatchObject({ status: 'failed' });
    expect(jobs).toBe(1);
    const report = await backfill(context, { api: 'bulk', signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', resumed: true, contacts: 200 });
    expect(jobs).toBe(2);
    await equal(rig);
  });

  it('gives up on a span whose jobs all fail, with the reason that Salesforce told, and leaves no job behind', async () => {
    await using rig = await openRig({ contacts: 60 });
    const { url } = rig.emulator;
    await control(url, 'settings', { bulkJobFailures: 99 });
    const report = await backfill(rig.context, { api: 'bulk', signal: rig.signal });
    expect(report).toMatchObject({ status: 'failed', error: { code: 'BULK_JOB_FAILED' } });
    expect(report.error?.message).toContain('as a setting told it to');
    const jobs = (await calls(url)).filter(({ path }) => path.includes('/jobs/query'));
    const made = jobs.filter(({ method }) => method === 'POST').length;
    expect(made).toBe(5);
    expect(jobs.filter(({ method }) => method === 'DELETE')).toHaveLength(made);
  });

  it('does not take a job without pages for an empty one', async () => {
    await using rig = await openRig({ contacts: 60 });
    const { remote } = rig.context;
    let lists = 0;
    const bulk: typeof remote.bulk = {
      ...remote.bulk,
      resultPages: async (...args) => {
        const pages = await remote.bulk.resultPages(...args);
        return lists++ === 0 ? { ...pages, resultUrls: [] } : pages;
      },
    };
    const context = { ...rig.context, remote: { ...remote, bulk } };
    const report = await backfill(context, { api: 'bulk', signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', contacts: 60 });
    expect(lists).toBe(2);
    await equal(rig);
  });

  it('falls back to the locator chain where the org does not list result pages', async () => {
    await using rig = await openRig({ contacts: 400 });
    const { url } = rig.emulator;
    await control(url, 'settings', { bulkPageRows: 90 });
    await control(url, 'faults', [
      { match: 'GET .*/resultPages', times: 9, status: 404, errorCode: 'NOT_FOUND' },
    ]);
    const report = await backfill(rig.context, { api: 'bulk', signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', contacts: 400 });
    await equal(rig);
  });

  it('ends where the pages of a job lead in a circle', async () => {
    await using rig = await openRig({ contacts: 90 });
    const { url } = rig.emulator;
    await control(url, 'settings', { bulkPageRows: 20 });
    const { remote } = rig.context;
    const bulk: typeof remote.bulk = {
      ...remote.bulk,
      resultPages: async (jobId) => {
        const pages = await remote.bulk.resultPages(jobId);
        return { ...pages, nextRecordsUrl: '/services/data/v62.0/round', done: false };
      },
      results: async (jobId, fields, options) => {
        const page = await remote.bulk.results(jobId, fields, options);
        return { ...page, nextLocator: options?.locator ?? page.nextLocator };
      },
    };
    const context = { ...rig.context, remote: { ...remote, bulk } };
    const report = await backfill(context, { api: 'bulk', signal: rig.signal });
    expect(report.error).toMatchObject({ code: 'PAGING_STUCK' });
  });

  it('goes on with its closing cycle alone where that failed', async () => {
    await using rig = await openRig({ contacts: 120 });
    const { url } = rig.emulator;
    const { records } = rig.context;
    let asks = 0;
    // The first one is for T0.
    const updated: typeof records.changes.updated = async (...args) => {
      if (asks++ > 0) throw new AppError('ORG_UNAVAILABLE', 'Down for maintenance.');
      return records.changes.updated(...args);
    };
    const changes = { ...records.changes, updated };
    const down = { ...rig.context, records: { ...records, changes } };
    const first = await backfill(down, { api: 'rest', signal: rig.signal });
    expect(first).toMatchObject({ status: 'failed', compared: null, error: { code: 'ORG_UNAVAILABLE' } });
    await control(url, 'touch', { count: 2, set: { Title: 'In the gap' } });
    const before = (await calls(url)).length;
    const second = await backfill(rig.context, { api: 'rest', signal: rig.signal });
    expect(second).toMatchObject({ status: 'complete', resumed: true, compared: { org: 120, mirror: 120 } });
    expect(second.runId).toBe(first.runId);
    // No contact was copied by this one.
    expect(second.contactsPerSecond).toBe(0);
    const asked = (await calls(url)).slice(before).map(({ path }) => path);
    expect(asked.filter((path) => path.includes('ORDER'))).toEqual([]);
    await equal(rig);
    // Only now it is done, and the next one reads all again.
    const third = await backfill(rig.context, { api: 'rest', signal: rig.signal });
    expect(third).toMatchObject({ status: 'complete', resumed: false });
    expect(third.runId).not.toBe(first.runId);
  });

  it('asks a bounded number of times where Salesforce never answers in time', async () => {
    await using rig = await openRig({ contacts: 200 });
    const { url } = rig.emulator;
    await control(url, 'faults', [
      {
        match: 'GET .*/query\\?.*ORDER.*CreatedDate.*Id.*',
        times: 1e6,
        status: 400,
        errorCode: 'QUERY_TIMEOUT',
      },
    ]);
    const report = await backfill(rig.context, { api: 'rest', signal: rig.signal });
    expect(report).toMatchObject({ status: 'failed', error: { code: 'QUERY_TIMEOUT' } });
    expect(report.error?.hint).toContain('--api bulk');
    expect(report.apiCalls).toBeLessThan(300);
    await control(url, 'faults', []);
    expect(await backfill(rig.context, { signal: rig.signal })).toMatchObject({
      status: 'complete',
      contacts: 200,
    });
    await equal(rig);
  });

  it('reads a second that cannot be answered 2,000 rows at a time by smaller pages', async () => {
    await using rig = await openRig();
    const { url } = rig.emulator;
    await control(url, 'contacts', { count: 700, seed: 3 });
    await control(url, 'faults', [
      { match: 'GET .*LIMIT(%20|\\+| )(2000|500)$', times: 1e6, status: 500, errorCode: 'QUERY_TIMEOUT' },
    ]);
    const report = await backfill(rig.context, { api: 'rest', signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', contacts: 700, error: null });
    const pages = (await calls(url)).filter(({ path }) => /LIMIT(%20|\+| )125$/.test(path));
    expect(pages.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(6);
    await equal(rig);
  });

  it('splits a span that Salesforce cannot answer in time, also the only one, open at both ends', async () => {
    await using rig = await openRig({ contacts: 200 });
    const { url } = rig.emulator;
    await control(url, 'faults', [
      { match: 'GET .*/query\\?.*ORDER.*2000$', times: 3, status: 400, errorCode: 'QUERY_TIMEOUT' },
    ]);
    const report = await backfill(rig.context, { api: 'rest', concurrency: 2, signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', contacts: 200, error: null });
    expect(report.chunks).toBeGreaterThan(3);
    await equal(rig);
  });

  it('deletes its jobs when they are read', async () => {
    await using rig = await openRig({ contacts: 100 });
    await backfill(rig.context, { api: 'bulk', signal: rig.signal });
    const made = (await calls(rig.emulator.url)).filter(({ path }) => path.includes('/jobs/query'));
    expect(made.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  });

  it('plans spans by counts where there are many contacts, and reads them side by side', async () => {
    await using rig = await openRig({ contacts: 30_000 });
    const report = await backfill(rig.context, { api: 'rest', concurrency: 4, signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', contacts: 30_000, inserted: 30_000 });
    expect(report.chunks).toBeGreaterThanOrEqual(4);
    await equal(rig);
  });

  it('says with both numbers where COUNT() differs in the end', async () => {
    await using rig = await openRig({ contacts: 50 });
    // Contacts hidden from the user by sharing appear in neither `updated` nor `deleted`.
    const context = { ...rig.context };
    const { mirror } = context;
    const report = await backfill(context, { api: 'rest', signal: rig.signal });
    expect(report.compared).toEqual({ org: 50, mirror: 50 });
    const run = await mirror.journal.run(report.runId!);
    expect(run?.status).toBe('complete');
  });
});
