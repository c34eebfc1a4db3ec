/** Deletes a mirror and dies in the midst of it, with its files or before: `removing-child.ts PATH deleted|there`. */
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { removeDatabase } from '../../../src/store/sqlite/archives.ts';
import { deletedMessage } from '../../../src/store/sqlite/contact-view.ts';
import { endUse } from '../../../src/store/sqlite/end-use.ts';
import { heldLease } from '../../support/leases.ts';

const [path, files] = process.argv.slice(2);
await endUse(
  path!,
  { log: silentLogger, clock: systemClock, lease: heldLease(), count: () => 0, message: deletedMessage },
  () => {
    if (files === 'deleted') removeDatabase(path!);
    process.kill(process.pid, 'SIGKILL');
  },
);
