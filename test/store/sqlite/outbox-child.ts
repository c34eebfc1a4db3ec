/** Adds, marks and settles entries one by one, as a push does. `node outbox-child.ts FOLDER URL COUNT` */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { openMirrors } from '../../../src/store/sqlite/open-mirrors.ts';
import { heldLease } from '../../support/leases.ts';
import { contactId, epoch } from './pages.ts';

const [, , folder, url, count] = process.argv as [string, string, string, string, string];
await using mirrors = openMirrors({ folder, log: silentLogger, clock: systemClock });
const { outbox } = await mirrors.open(url, { create: false, lease: heldLease() });
for (let n = 0; n < Number(count); n++) {
  const key = randomUUID();
  await outbox.add([
    {
      key,
      op: 'create',
      contactKey: key,
      contactId: null,
      changes: { LastName: `New ${n}` },
      base: null,
      upsertField: null,
      allowDuplicates: false,
      atomicGroup: null,
      createdAt: epoch,
      state: 'pending',
    },
  ]);
  await outbox.markSent([key], 'ui-api', epoch);
  await outbox.settle([{ key, state: 'done', contactId: contactId(n), created: true, at: epoch }]);
}
