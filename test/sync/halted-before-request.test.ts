import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openFileLeases } from '../../src/lease/file-leases.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import type { RecordWrites } from '../../src/sync/ports/record-writes.ts';
import type { PushRecord } from '../../src/sync/push/check/push-record.ts';
import type { PushJob } from '../../src/sync/push/push-job.ts';
import { withLease } from '../../src/sync/with-lease.ts';
import { calls, contactsOf } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { openRig, type Rig } from './rig.ts';

const leaseName = 'outbox-halted';
const firstId = async (rig: Rig) => String((await contactsOf(rig.emulator.url))[0]?.Id);

const ways: Record<string, (rig: Rig) => Promise<{ records: PushRecord[]; more?: Partial<PushJob> }>> = {
  'a create with its key': async () => ({ records: recordsOf([{ LastName: 'Late' }]) }),
  'a collection of creates': async () => ({
    records: recordsOf([{ LastName: 'Late' }, { LastName: 'Late' }]),
    more: { allOrNone: true },
  }),
  'an update': async (rig) => ({ records: recordsOf([{ Id: await firstId(rig), LastName: 'Late' }]) }),
  'a delete': async (rig) => ({ records: recordsOf([{ Id: await firstId(rig), IsDeleted: true }]) }),
};

/** The org's writes, before each of which a process is halted and another takes its lease. */
function haltedBefore(writes: RecordWrites, takeOver: () => Promise<void>): RecordWrites {
  const late =
    <A extends unknown[], R>(send: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await takeOver();
      return send(...args);
    };
  return {
    createIdempotent: late(writes.createIdempotent.bind(writes)),
    createMany: late(writes.createMany.bind(writes)),
    updateMany: late(writes.updateMany.bind(writes)),
    deleteMany: late(writes.deleteMany.bind(writes)),
    upsertMany: late(writes.upsertMany.bind(writes)),
  };
}

it.each(Object.entries(ways))(
  'of whoever lost the lease between the mark "sent" and the request, %s does not leave',
  async (_way, recordsFor) => {
    await using rig = await openRig({ contacts: 3 });
    expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
    const { records, more } = await recordsFor(rig);
    const folder = join(rig.folder, 'locks');
    // It looks by itself only when the test is long over.
    const leases = openFileLeases(folder, { lookMs: 3_600_000 });
    const before = await contactsOf(rig.emulator.url);
    let takenOver = 0;
    const takeOver = async () => {
      takenOver++;
      rmSync(folder, { recursive: true });
      const next = await openFileLeases(folder).take(leaseName);
      await next?.release();
    };
    const own = rig.context.records;
    const context = {
      ...rig.context,
      records: Object.create(own, { writes: { value: haltedBefore(own.writes, takeOver) } }) as typeof own,
    };
    const pushed = await pushAll(context, records, {
      ...more,
      signal: rig.signal,
      withDrainLease: (work) => withLease(leases, leaseName, work),
    });
    expect(takenOver).toBe(1);
    expect(pushed.stopped).toMatchObject({ code: 'LEASE_LOST' });
    const writes = (await calls(rig.emulator.url)).filter(({ method }) => method !== 'GET');
    expect(writes).toEqual([]);
    expect(await contactsOf(rig.emulator.url)).toEqual(before);
  },
);
