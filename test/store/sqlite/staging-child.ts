/** Takes a push in without end, to be killed: `staging-child.ts FOLDER`. */

import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { openMirrors } from '../../../src/store/sqlite/open-mirrors.ts';

const [, , folder] = process.argv as [string, string, string];
const mirrors = openMirrors({ folder, log: silentLogger, clock: systemClock });
const mirror = await mirrors.open('https://example.my.salesforce.com', { create: true });
const staging = await mirror.outbox.openStaging();
for (let index = 0; ; index++) {
  const key = crypto.randomUUID();
  await staging.add([
    {
      source: '-',
      index,
      line: null,
      entry: {
        key,
        op: 'create',
        contactKey: key,
        contactId: null,
        changes: { LastName: 'Killed' },
        base: null,
        upsertField: null,
        allowDuplicates: false,
        atomicGroup: null,
        createdAt: 0,
      },
      uniqueValue: null,
      faults: [],
      given: null,
      replaces: null,
      alike: null,
    },
  ]);
  if (index === 100) process.stdout.write('ready\n');
  if (index % 100 === 0) await systemClock.sleep(1);
}
