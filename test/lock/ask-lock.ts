import { openLocks } from '../../src/lock/locks.ts';

/** Asks without a pause who holds the lock, until its input ends. */
const [folder = '', name = ''] = process.argv.slice(2);
const locks = openLocks(folder);
let asking = true;
process.stdin.resume();
process.stdin.on('end', () => {
  asking = false;
});
process.stdout.write('asking\n');
const ask = (): void => {
  for (let i = 0; i < 50; i++) locks.holderOf(name);
  if (asking) setImmediate(ask);
};
ask();
