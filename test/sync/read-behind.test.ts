import { expect, it } from 'vitest';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { calls, control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { openRig, type Rig } from './rig.ts';

/** An org with its copy, which is read back in small pages. */
async function copiedForSmallPages(): Promise<Rig> {
  const rig = await openRig({ contacts: 3 });
  expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
  rig.context.sizes = { ...rig.context.sizes, retrieveRows: 20 };
  return rig;
}

const pushMany = (rig: Rig, count: number) => {
  const records = Array.from({ length: count }, (_, n) => ({ LastName: `Many ${n}` }));
  return pushAll(rig.context, recordsOf(records), { signal: rig.signal });
};
const reads = async (rig: Rig) =>
  (await calls(rig.emulator.url)).filter(({ path }) => /\/composite\/sobjects\/Contact/.test(path));

interface Span {
  from: number;
  to: number;
}
const spanOf = ({ at, ms }: { at: string; ms: number }): Span => ({
  from: Date.parse(at),
  to: Date.parse(at) + ms,
});
/** How many are under way as one begins, itself included, at most. */
const mostAtOnce = (spans: readonly Span[]) =>
  Math.max(...spans.map(({ from }) => spans.filter((o) => o.from <= from && from < o.to).length));

it('contacts that were pushed are read back while others are sent, 2,000 a call', async () => {
  await using rig = await openRig({ contacts: 3 });
  expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
  const before = (await calls(rig.emulator.url)).length;
  const records = Array.from({ length: 5_000 }, (_, n) => ({ LastName: `Many ${n}` }));
  const { stopped } = await pushAll(rig.context, recordsOf(records), { signal: rig.signal });
  expect(stopped).toBeNull();
  const made = (await calls(rig.emulator.url)).slice(before);
  const isWrite = ({ method, path }: { method: string; path: string }) =>
    method === 'POST' && /\/composite\/sobjects\/?(\?|$)/.test(path);
  const writes = made.flatMap((call, at) => (isWrite(call) ? [at] : []));
  expect(writes).toHaveLength(25);
  expect(await rig.context.mirror.contacts.counts()).toEqual({ contacts: 5_003, deleted: 0 });
  const reads = made.flatMap(({ path }, at) => (/\/composite\/sobjects\/Contact/.test(path) ? [at] : []));
  expect(reads).toHaveLength(3);
  expect(reads[0]).toBeLessThan(writes.at(-1)!);
}, 120_000);

it('while a request is under way, up to three calls read back what others have written, each contact once', async () => {
  await using rig = await copiedForSmallPages();
  rig.context.sizes = { ...rig.context.sizes, retrieveRows: 200 };
  await control(rig.emulator.url, 'faults', [
    { match: 'POST .*/composite/sobjects/Contact$', times: 99, delayMs: 400 },
    { match: 'POST .*/composite/sobjects$', skip: 5, times: 1, delayMs: 6_000 },
  ]);
  expect((await pushMany(rig, 1_200)).stopped).toBeNull();
  const spans = (await reads(rig)).map(spanOf);
  expect(spans).toHaveLength(6);
  expect(mostAtOnce(spans)).toBe(3);
  const written = (await calls(rig.emulator.url))
    .filter(({ method, path }) => method === 'POST' && /\/composite\/sobjects\/?$/.test(path))
    .map(spanOf);
  const lastAnswer = Math.max(...written.map(({ to }) => to));
  expect(spans.filter(({ to }) => to < lastAnswer)).toHaveLength(5);
  expect(await rig.context.mirror.contacts.counts()).toEqual({ contacts: 1_203, deleted: 0 });
});

it('what is left to be read back is asked for three calls at once', async () => {
  await using rig = await copiedForSmallPages();
  await control(rig.emulator.url, 'settings', { latencyMs: 250 });
  expect((await pushMany(rig, 120)).stopped).toBeNull();
  const spans = (await reads(rig)).map(spanOf);
  expect(spans).toHaveLength(6);
  expect(mostAtOnce(spans)).toBe(3);
  expect(await rig.context.mirror.outbox.readBackDue(999)).toEqual([]);
});

it('one of these calls that fails leaves its own contacts to the next drain, and the others are done', async () => {
  await using rig = await copiedForSmallPages();
  // The first of all belongs to what is read while the rest is sent.
  await control(rig.emulator.url, 'faults', [
    {
      match: 'POST .*/composite/sobjects/Contact$',
      skip: 2,
      times: 1,
      status: 400,
      errorCode: 'MALFORMED_ID',
    },
  ]);
  expect((await pushMany(rig, 80)).stopped).toBeNull();
  expect(await rig.context.mirror.outbox.readBackDue(999)).toHaveLength(20);
  expect(await rig.context.mirror.contacts.counts()).toEqual({ contacts: 63, deleted: 0 });
  await pushMany(rig, 1);
  expect(await rig.context.mirror.outbox.readBackDue(999)).toEqual([]);
  expect(await rig.context.mirror.contacts.counts()).toEqual({ contacts: 84, deleted: 0 });
});
