import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/index.ts';
import { spanAt } from '../../src/sync/budget/call-slots.ts';
import { ledgerIdOf } from '../../src/sync/budget/ledger-id.ts';
import { callsIn } from '../../src/sync/budget/share.ts';
import { watch } from '../../src/usecases/watch.ts';
import { openServices } from './open-services.ts';

const once = { orgs: [], intervalMs: 60_000, once: true, push: true, reconcileEveryMs: null };
const calm = { signal: new AbortController().signal, onEvent: () => {} };

it('an update gives nobody a second share of the day: what the mirror has counted is counted on, once', async () => {
  const emulator = await startEmulator({ contacts: 5 });
  await using app = openServices(emulator);
  const { services } = app;
  const used = async () =>
    callsIn(await services.calls.callsOf(ledgerIdOf(emulator.orgId), spanAt(Date.now())));
  try {
    await watch(services, once, calm);
    const before = await used();
    const db = new Database(services.mirrors.location(emulator.url));
    const hour = Math.floor(Date.now() / 3_600_000);
    db.prepare('INSERT INTO api_call VALUES (?, 1000), (?, 230), (?, 4)').run(hour - 30, hour - 5, hour);
    const calls: number[] = [];
    for (let n = 0; n < 2; n++) {
      await watch(services, once, calm);
      calls.push(await used());
    }
    const ofACycle = calls[1]! - calls[0]!;
    expect(ofACycle).toBe(2);
    expect(calls[0]! - before).toBe(234 + ofACycle);
    expect(db.prepare('SELECT count(*) FROM api_call').pluck().get()).toBe(0);
    db.close();
  } finally {
    await emulator.close();
  }
});
