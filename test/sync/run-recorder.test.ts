import { describe, expect, it } from 'vitest';
import { abortReason } from '../../src/base/abort.ts';
import { AppError } from '../../src/base/errors.ts';
import { closeKilledRuns } from '../../src/sync/close-killed-runs.ts';
import type { OrgUsage } from '../../src/sync/ports/remote.ts';
import { workedMs } from '../../src/sync/reconcile/worked-ms.ts';
import { RunRecorder } from '../../src/sync/run-recorder.ts';
import { inMemory, startOfTest } from './in-memory.ts';

/** An org that counts the calls that a test says it was sent. */
function counting() {
  let calls = 40;
  const usage: Partial<OrgUsage> = { sent: () => calls };
  return { calls: (more: number) => (calls += more), remote: { usage: usage as OrgUsage } };
}

describe('a run', () => {
  it.each([-30 * 86_400_000, 30 * 86_400_000])(
    'whose clock is set by %i ms meanwhile has worked no longer for it',
    async (leapMs) => {
      const { remote } = counting();
      const { context, pass } = inMemory({ remote });
      let leapt = 0;
      const clock = { ...context.clock, now: () => context.clock.now() + leapt };
      const run = await RunRecorder.start({ ...context, clock }, 'reconcile', {});
      await run.step('sweep', async () => {
        pass(2_000);
        leapt = leapMs;
      });
      await run.step('settle', async () => pass(3_000));
      await run.end();
      expect(workedMs(await context.mirror.journal.steps(run.id))).toBe(5_000);
    },
  );

  it('is recorded with its steps, each with the difference that it made, and with its own calls', async () => {
    const { calls, remote } = counting();
    const { context, pass } = inMemory({ remote });
    const run = await RunRecorder.start(context, 'cycle', { from: 1 });
    await run.step('read updated', async (note) => {
      pass(20);
      calls(3);
      run.count('upserted', 5);
      note('Coverage stands still.');
      note('Nothing was passed.');
    });
    await run.step('read deleted', async () => {
      run.count('upserted', 1);
      run.count('deleted', 2);
      run.count('hidden', 0);
    });
    calls(1);
    pass(10);
    await run.end();
    expect(await context.mirror.journal.steps(run.id)).toEqual([
      {
        name: 'read updated',
        startedAt: startOfTest,
        finishedAt: startOfTest + 20,
        counts: { upserted: 5 },
        note: 'Coverage stands still. Nothing was passed.',
      },
      {
        name: 'read deleted',
        startedAt: startOfTest + 20,
        finishedAt: startOfTest + 20,
        counts: { upserted: 1, deleted: 2 },
        note: null,
      },
    ]);
    expect(await context.mirror.journal.run(run.id)).toEqual({
      id: run.id,
      kind: 'cycle',
      status: 'complete',
      startedAt: startOfTest,
      finishedAt: startOfTest + 30,
      counts: { upserted: 6, deleted: 2 },
      apiCalls: 4,
      state: { from: 1 },
      error: null,
    });
  });

  it('keeps the step in which it failed, and the error as a person reads it', async () => {
    const { context } = inMemory();
    const run = await RunRecorder.start(context, 'backfill', {});
    const error = new AppError('TIMEOUT', 'It took too long.', { hint: 'Try again.' });
    const work = run.step('plan', async () => {
      run.count('spans', 2);
      throw error;
    });
    await expect(work).rejects.toBe(error);
    await run.fail(error);
    expect(await context.mirror.journal.steps(run.id)).toMatchObject([
      { name: 'plan', counts: { spans: 2 }, note: 'It took too long.' },
    ]);
    expect(await context.mirror.journal.run(run.id)).toMatchObject({
      status: 'failed',
      error: { code: 'TIMEOUT', message: 'It took too long.', hint: 'Try again.' },
    });
  });

  it('that was interrupted is no failure', async () => {
    const { context } = inMemory();
    const run = await RunRecorder.start(context, 'cycle', {});
    await run.fail(abortReason());
    expect(await context.mirror.journal.run(run.id)).toMatchObject({
      status: 'interrupted',
      error: { code: 'INTERRUPTED' },
    });
  });

  it('goes on, when it is resumed, from the counts and calls that it had', async () => {
    const { calls, remote } = counting();
    const { context } = inMemory({ remote });
    const first = await RunRecorder.start(context, 'backfill', {});
    calls(6);
    first.count('rows', 200);
    await first.fail(abortReason());
    calls(100);
    const stored = await context.mirror.journal.run(first.id);
    const resumed = await RunRecorder.resume(context, stored!);
    calls(2);
    resumed.count('rows', 50);
    await resumed.end();
    expect(await context.mirror.journal.run(first.id)).toMatchObject({
      status: 'complete',
      apiCalls: 8,
      counts: { rows: 250 },
      error: null,
    });
  });

  it('is written at once where it takes long, and with its next write where it is quick', async () => {
    const { context, pass } = inMemory();
    const { journal } = context.mirror;
    const run = await RunRecorder.start(context, 'cycle', {});
    let writes = 0;
    const commit = context.mirror.commit.bind(context.mirror);
    context.mirror.commit = (...batch) => {
      writes++;
      return commit(...batch);
    };
    const named = async () => (await journal.steps(run.id)).map(({ name }) => name);
    await run.step('quick', async () => pass(400));
    run.later([{ kind: 'move-cursors', to: { updated: startOfTest } }]);
    expect([writes, await named()]).toEqual([0, []]);
    await run.step('slow', async () => pass(700));
    expect([writes, await named()]).toEqual([1, ['quick', 'slow']]);
    expect((await journal.cursors()).updated).toBe(startOfTest);
    await run.step('last', async () => run.count('rows', 3));
    await run.end();
    expect([writes, await named()]).toEqual([2, ['quick', 'slow', 'last']]);
    expect((await journal.run(run.id))?.counts).toEqual({ rows: 3 });
  });

  it('loses no step that could not be written', async () => {
    const { context, pass } = inMemory();
    const run = await RunRecorder.start(context, 'cycle', {});
    const { commit } = context.mirror;
    context.mirror.commit = () => Promise.reject(new AppError('DISK_FULL', 'No room.'));
    await expect(run.step('slow', async () => pass(2_000))).rejects.toMatchObject({ code: 'DISK_FULL' });
    context.mirror.commit = commit;
    await run.fail(new AppError('DISK_FULL', 'No room.'));
    expect(await context.mirror.journal.steps(run.id)).toMatchObject([{ name: 'slow' }]);
  });

  it('whose end cannot be recorded does not hide why it ended', async () => {
    const { context } = inMemory();
    const run = await RunRecorder.start(context, 'cycle', {});
    context.mirror.commit = () => Promise.reject(new AppError('DISK_FULL', 'No room.'));
    await run.fail(new AppError('TIMEOUT', 'It took too long.'));
    expect((await context.mirror.journal.run(run.id))?.status).toBe('running');
  });

  it('that has ended counts what comes after too, and is complete with it', async () => {
    const { calls, remote } = counting();
    const { context, pass } = inMemory({ remote });
    const run = await RunRecorder.start(context, 'backfill', {});
    calls(5);
    await run.end();
    await run.step('catch-up', async () => {
      calls(4);
      run.count('upserted', 3);
    });
    pass(50);
    calls(1);
    await run.end();
    expect(await context.mirror.journal.run(run.id)).toMatchObject({
      status: 'complete',
      finishedAt: startOfTest + 50,
      apiCalls: 10,
      counts: { upserted: 3 },
    });
  });

  it.each(['ends well', 'fails'])('is forgotten after thirty days, when a later one %s', async (how) => {
    const { context, pass } = inMemory();
    const { journal } = context.mirror;
    const day = 86_400_000;
    const ended = await RunRecorder.start(context, 'cycle', {});
    await ended.end();
    const underWay = await journal.startRun('backfill', startOfTest, {});
    pass(30 * day);
    const next = async () => {
      const run = await RunRecorder.start(context, 'cycle', {});
      await (how === 'fails' ? run.fail(new AppError('TIMEOUT', 'No.')) : run.end());
    };
    await next();
    expect(await journal.run(ended.id)).not.toBeNull();
    pass(1);
    await next();
    expect(await journal.run(ended.id)).toBeNull();
    expect((await journal.run(underWay))?.status).toBe('running');
  });

  it.each(['cycle', 'reconcile'] as const)(
    'of a killed process is marked as interrupted where it was a %s; a backfill can be gone on with',
    async (kind) => {
      const { context } = inMemory();
      const { journal } = context.mirror;
      const killed = await journal.startRun(kind, 0, {});
      const backfill = await journal.startRun('backfill', 0, {});
      const ended = await RunRecorder.start(context, 'cycle', {});
      await ended.end();
      await closeKilledRuns(context);
      expect(await journal.run(killed)).toMatchObject({
        status: 'interrupted',
        // It ended long before somebody found it, and nobody knows when.
        finishedAt: null,
        error: { code: 'INTERRUPTED' },
      });
      expect((await journal.run(backfill))?.status).toBe('running');
      expect((await journal.run(ended.id))?.status).toBe('complete');
    },
  );

  it('of a killed process is marked where nothing will go on with it: a fill of columns, a copy behind another', async () => {
    const { context } = inMemory();
    const { journal } = context.mirror;
    const older = await journal.startRun('backfill', 0, { t0: 1 });
    const copy = await journal.startRun('backfill', 0, { t0: 2 });
    const fill = await journal.startRun('backfill', 0, { fields: ['New__c'], fill: true });
    await closeKilledRuns(context);
    const status = async (id: string) => (await journal.run(id))?.status;
    expect([await status(older), await status(copy), await status(fill)]).toEqual([
      'interrupted',
      'running',
      'interrupted',
    ]);
  });
});
