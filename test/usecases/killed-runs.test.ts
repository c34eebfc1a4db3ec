import { expect, it } from 'vitest';
import { abortReason } from '../../src/base/abort.ts';
import { closeKilledRuns } from '../../src/sync/close-killed-runs.ts';
import { type RunContext, RunRecorder } from '../../src/sync/run-recorder.ts';
import { takeOrgLease, withDrainLease } from '../../src/usecases/org-lease.ts';
import { listRuns } from '../../src/usecases/runs.ts';
import { openServices } from './open-services.ts';
import { quietOrg } from './parts.ts';

const org = { url: 'http://localhost:9', accessToken: 'none' };
const minuteMs = 60_000;

it('a push whose process was killed is shown as interrupted, one that sends or has just begun as running', async () => {
  await using parts = openServices(org);
  const { services } = parts;
  const now = services.clock.now();
  {
    await using mirror = await services.mirrors.open(org.url, { create: true });
    await mirror.journal.startRun('push', now - minuteMs, {});
  }
  const { signal } = new AbortController();
  const statuses = async () =>
    (await listRuns(services, { org: null, limit: 9 }, signal)).runs.map((run) => run.status);
  expect(await statuses()).toEqual(['interrupted']);
  await withDrainLease(services, org.url, signal)(async () => expect(await statuses()).toEqual(['running']));
  {
    await using mirror = await services.mirrors.open(org.url, { create: false });
    await mirror.journal.startRun('push', now, {});
  }
  expect(await statuses()).toEqual(['running', 'interrupted']);
});

it('of a run whose process was killed neither its end nor its calls are told: nobody has counted them', async () => {
  await using parts = openServices(org);
  const { services } = parts;
  const work = async (work: (context: RunContext) => Promise<unknown>) => {
    await using lease = await takeOrgLease(services, org.url, 'watch');
    await using mirror = await services.mirrors.open(org.url, { create: true, lease });
    await work({ ...services, mirror, remote: quietOrg({ instanceUrl: org.url, userId: 'me' }) });
  };
  await work(async (context) => {
    await (await RunRecorder.start(context, 'cycle', {})).fail(abortReason());
    await context.mirror.journal.startRun('cycle', services.clock.now(), {});
  });
  const { signal } = new AbortController();
  const told = async () =>
    (await listRuns(services, { org: null, limit: 9 }, signal)).runs
      .map(({ status, apiCalls, finishedAt }) => ({ status, apiCalls, isEndKnown: finishedAt !== null }))
      .toSorted((a, b) => Number(a.isEndKnown) - Number(b.isEndKnown));
  const killed = { status: 'interrupted', apiCalls: null, isEndKnown: false };
  const stopped = { status: 'interrupted', apiCalls: 0, isEndKnown: true };
  expect(await told()).toEqual([killed, stopped]);
  // Nor where the next watch has found it.
  await work(closeKilledRuns);
  expect(await told()).toEqual([killed, stopped]);
});
