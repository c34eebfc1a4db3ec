import { expect, it } from 'vitest';
import { status } from '../../src/usecases/status.ts';
import { watch } from '../../src/usecases/watch.ts';
import { orgFor } from '../orgs/org-for.ts';
import { manualClock } from '../support/manual-clock.ts';
import { copied, partsOf } from './parts.ts';

const [a, b] = [orgFor('a'), orgFor('b')];
const minute = 60_000;
const settle = async () => {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
};

it('status tells of a watch that goes on where another one, begun before it, has ended', async () => {
  const parts = partsOf([a, b]);
  for (const { instanceUrl } of [a, b]) await copied(parts, instanceUrl);
  const clock = manualClock(Date.now());
  const begin = (org: string) => {
    const end = new AbortController();
    const running = watch(
      { ...parts, clock },
      { orgs: [org], intervalMs: 5 * minute, once: false, push: true, reconcileEveryMs: null },
      { signal: end.signal, onEvent: () => {} },
    );
    return { running, end };
  };
  const first = begin(a.instanceUrl);
  await settle();
  const second = begin(b.instanceUrl);
  await settle();
  first.end.abort();
  await first.running;
  for (let i = 0; i < 80; i++) {
    clock.advance(15_000);
    await settle();
  }
  const during = (await status(parts, { org: null })).watch.running;
  second.end.abort();
  await second.running;
  const after = (await status(parts, { org: null })).watch.running;
  expect([during, after]).toEqual([true, false]);
});
