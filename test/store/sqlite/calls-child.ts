import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { systemClock } from '../../../src/base/clock.ts';
import { SqliteCallLedger } from '../../../src/store/sqlite/calls/sqlite-call-ledger.ts';
import { ApiBudget } from '../../../src/sync/budget/api-budget.ts';

/** Told to go, calls an org as often as its share lets it, notes each call in `log`, and gives back the rest. */
const [folder = '', log = '', orgId = ''] = process.argv.slice(2);
await using ledger = new SqliteCallLedger(folder);
const budget = new ApiBudget({
  ledger,
  orgId,
  clock: systemClock,
  share: 0.25,
  instanceUrl: 'https://org.example',
});
process.stdout.write('begun\n');
await once(process.stdin, 'data');
process.stdin.destroy();
try {
  for (let calls = 0; ; calls++) {
    await budget.before('push');
    appendFileSync(log, `${process.pid}\n`);
    budget.after(null);
    if (calls % 7 === 0) await budget.settle();
    if (calls % 20 === 0) await systemClock.sleep(1);
  }
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code}\n`);
}
await budget.settle();
