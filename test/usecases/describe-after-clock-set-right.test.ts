import { expect, it } from 'vitest';
import { contact } from '../../src/org/synced-object.ts';
import type { SyncContext } from '../../src/sync/context.ts';
import { currentFields, refreshSchema } from '../../src/sync/schema.ts';
import { orgFor } from '../orgs/org-for.ts';
import { heldLease } from '../support/leases.ts';
import { partsOf, quietOrg } from './parts.ts';

const a = orgFor('a');
const dayMs = 86_400_000;

it('describe is asked again an hour later though this clock was set back meanwhile', async () => {
  const parts = partsOf([a]);
  let now = Date.now();
  let described = 0;
  const remote = quietOrg(a);
  const records = remote.of(contact);
  const mirror = await parts.mirrors.of(a.instanceUrl).under(heldLease());
  const context = {
    object: contact,
    remote,
    records: {
      ...records,
      describe: async (...asked: Parameters<typeof records.describe>) => {
        described++;
        return records.describe(...asked);
      },
    },
    mirror,
    clock: { ...parts.clock, now: () => now },
    log: parts.log,
  } as unknown as SyncContext;
  now += 30 * dayMs;
  await refreshSchema(context, {});
  expect(described).toBe(1);
  // The clock is set right.
  now -= 30 * dayMs;
  now += 2 * 3_600_000;
  await refreshSchema(context, {});
  expect(described).toBe(2);
  // Rows have changed: one of them may have a value in a field that is new.
  now += dayMs;
  await currentFields(context, { knownSince: now - 1, signal: new AbortController().signal });
  expect(described).toBe(3);
});
