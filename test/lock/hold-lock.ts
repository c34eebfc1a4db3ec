import { openLocks } from '../../src/lock/locks.ts';

const [folder = '', name = '', mode] = process.argv.slice(2);
const lock = openLocks(folder).tryAcquire(name);
process.stdout.write(lock === null ? 'taken\n' : 'held\n');
if (mode !== '--try') {
  process.stdin.resume();
  process.stdin.on('end', () => {
    lock?.release();
    process.exit(0);
  });
}
