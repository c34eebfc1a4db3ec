/** Deletes a mirror and dies in the midst of it, before a file is gone: `removing-child.ts PATH`. */
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { deletedMessage } from '../../../src/store/sqlite/contact-view.ts';
import { endUse } from '../../../src/store/sqlite/end-use.ts';
import { heldLease } from '../../support/leases.ts';

await endUse(
  process.argv[2]!,
  { log: silentLogger, clock: systemClock, lease: heldLease(), count: () => 0, message: deletedMessage },
  () => process.kill(process.pid, 'SIGKILL'),
);
