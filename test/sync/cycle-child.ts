/** Watch cycles in a process of its own, one after the other until it is killed: `cycle-child.ts URL TOKEN FOLDER`. */
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { connectParts } from './rig.ts';

const [, , url, token, folder] = process.argv as [string, string, string, string, string];
const { context } = await connectParts(url, token, folder);
process.stdout.write('ready\n');
// Bounded, should nobody kill it.
for (let cycle = 0; cycle < 200; cycle++) {
  await runCycle(context, { push: false, signal: new AbortController().signal });
}
