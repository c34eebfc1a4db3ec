import { openFileLeases } from '../../src/lease/file-leases.ts';

/** Says the fence of the lease that it takes, and `lost` where it loses it; holds it until its input ends. */
const [folder = '', name = '', mode] = process.argv.slice(2);
const lease = await openFileLeases(folder, { lookMs: 10 }).take(name);
process.stdout.write(lease === null ? 'taken\n' : `${lease.fence}\n`);
lease?.lost.addEventListener('abort', () => process.stdout.write(`${lease.lost.reason.code}\n`));
if (mode !== '--try') {
  process.stdin.resume();
  process.stdin.on('end', async () => {
    await lease?.release();
    process.exit(0);
  });
}
