import { appendFileSync } from 'node:fs';
import { openFileLeases } from '../../src/lease/file-leases.ts';

/** Takes a lease so many times, and notes each fence in `log` while it holds it. */
const [folder = '', name = '', log = '', times = '0'] = process.argv.slice(2);
const leases = openFileLeases(folder);
process.stdout.write('begun\n');
for (let n = 0; n < Number(times); n++) {
  await using lease = await leases.wait(name, { pollMs: 1 });
  appendFileSync(log, `${lease.fence}\n`);
}
