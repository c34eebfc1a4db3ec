/** Holds many locks in the folder of its argument, and prints how many bytes of memory each takes. */
import { join } from 'node:path';
import { lockFile } from '../../src/sqlite/lock-file.ts';

const [folder = ''] = process.argv.slice(2);
const locks: unknown[] = [];
const lock = (name: string) => locks.push(lockFile(join(folder, name), { create: true }));
// What the first ones bring along is not theirs alone.
for (let n = 0; n < 20; n++) lock(`first-${n}`);
const before = process.memoryUsage.rss();
const count = 400;
for (let n = 0; n < count; n++) lock(`more-${n}`);
if (locks.includes(null)) throw new Error('A lock was not to be had.');
console.log(Math.round((process.memoryUsage.rss() - before) / count));
