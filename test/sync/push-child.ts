/** A push in a process of its own, to be killed: `push-child.ts URL TOKEN FOLDER PREFIX COUNT`. */

import { join } from 'node:path';
import { openLocks } from '../../src/lock/locks.ts';
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
  withDrainLock: (work) => {
    // The entries are in the outbox now; before that a kill loses nothing that was promised.
    process.stdout.write('ready\n');
    return openLocks(join(folder, 'locks')).withLock('outbox', work);
  },
  signal: new AbortController().signal,
});
await close();
