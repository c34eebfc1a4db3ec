import { once } from 'node:events';
import { SqliteCallLedger } from '../../../src/store/sqlite/calls/sqlite-call-ledger.ts';
import { slotOf, spanAt } from '../../../src/sync/budget/call-slots.ts';

/** Reserves fifty calls, one by one, as soon as something is written to it. */
const [folder = '', , orgId = ''] = process.argv.slice(2);
await using ledger = new SqliteCallLedger(folder);
process.stdout.write('begun\n');
await once(process.stdin, 'data');
const now = Date.now();
for (let n = 0; n < 50; n++)
  await ledger.reserve(orgId, { slot: slotOf(now), span: spanAt(now), calls: 1, limit: 1_000 });
