/** A push in a process of its own, to be killed: `push-child.ts URL TOKEN FOLDER PREFIX COUNT`. */

import { join } from 'node:path';
import { openFileLeases } from '../../src/lease/file-leases.ts';
import { withLease } from '../../src/sync/with-lease.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { connectParts } from './rig.ts';

const [, , url, token, folder, prefix, count] = process.argv as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];
const { context, close } = await connectParts(url, token, folder);
const records = Array.from({ length: Number(count) }, (_, index) => ({ LastName: `${prefix}-${index}` }));
await pushAll(context, recordsOf(records), {
  withDrainLease: (work) => {
    // The entries are in the outbox now; before that a kill loses nothing that was promised.
    process.stdout.write('ready\n');
    return withLease(openFileLeases(join(folder, 'locks')), 'outbox', work);
  },
  signal: new AbortController().signal,
});
await close();
