/** A push in a process of its own, to be killed: `push-child.ts URL TOKEN FOLDER PREFIX COUNT`. */

import { join } from 'node:path';
import { openLocks } from '../../src/lock/locks.ts';
import { push } from '../../src/sync/push/push.ts';
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
await push(context, {
  records: Array.from({ length: Number(count) }, (_, index) => ({
    source: '-',
    index,
    line: null,
    fields: { LastName: `${prefix}-${index}` },
    untyped: false,
  })),
  upsertField: null,
  dryRun: false,
  queue: false,
  allOrNone: false,
  allowDuplicates: false,
  withDrainLock: (work) => {
    // The entries are in the outbox now; before that a kill loses nothing that was promised.
    process.stdout.write('ready\n');
    return openLocks(join(folder, 'locks')).withLock('outbox', work);
  },
  signal: new AbortController().signal,
});
await close();
