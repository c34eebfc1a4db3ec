import { expect, it } from 'vitest';
import { withDrainLease } from '../../src/usecases/org-lease.ts';
import { listRuns } from '../../src/usecases/runs.ts';
import { openServices } from './open-services.ts';

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
