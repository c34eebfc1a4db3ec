import { expect, it } from 'vitest';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { calls } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { openRig } from './rig.ts';

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
