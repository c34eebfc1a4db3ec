/** A backfill in a process of its own, to be killed: `backfill-child.ts URL TOKEN FOLDER rest|bulk`. */
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { connectParts } from './rig.ts';

const [, , url, token, folder, api] = process.argv as [
  string,
  string,
  string,
  string,
  string,
  'rest' | 'bulk',
];
const { context, close } = await connectParts(url, token, folder, {
  onEvent: (event) => {
    if (event.type === 'backfill:progress') process.stdout.write(`${event.contacts}\n`);
  },
});
const report = await backfill(context, { api, concurrency: 3, signal: new AbortController().signal });
await close();
process.exitCode = report.status === 'complete' ? 0 : 1;
