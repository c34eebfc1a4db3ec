import { openFileLeases } from '../../src/lease/file-leases.ts';

/** Asks without a pause who holds the lease, until its input ends. */
const [folder = '', name = ''] = process.argv.slice(2);
const leases = openFileLeases(folder);
let asking = true;
process.stdin.resume();
process.stdin.on('end', () => {
  asking = false;
});
process.stdout.write('asking\n');
while (asking) {
  for (let i = 0; i < 50; i++) await leases.holderOf(name);
  await new Promise((resolve) => setImmediate(resolve));
}
