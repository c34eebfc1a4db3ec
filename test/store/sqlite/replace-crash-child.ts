/** Puts the copy beside a mirror in its place, until it is done or killed: `replace-crash-child.ts FOLDER`. */
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { openMirrors } from '../../../src/store/sqlite/open-mirrors.ts';
import { heldLease } from '../../support/leases.ts';
import { crashUrl } from './crash-child.ts';

await using mirrors = openMirrors({ folder: process.argv[2]!, log: silentLogger, clock: systemClock });
process.stdout.write('ready\n');
await mirrors.copies.replaceMirror(crashUrl, { force: false, lease: heldLease() });
process.stdout.write('done\n');
