import { readdirSync, readlinkSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/index.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { appContacts } from '../../src/usecases/contacts.ts';
import { openServices } from './open-services.ts';

/** How often this process has the file open. */
function timesOpen(path: string): number {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return targets.filter((target) => target === path).length;
}

describe.skipIf(process.platform !== 'linux')('a reader of contacts whose first look fails', () => {
  it('is closed', async () => {
    const emulator = await startEmulator({ contacts: 3 });
    await using app = openServices(emulator);
    const context = { signal: new AbortController().signal, onEvent: () => {} };
    const options = { orgs: [], all: false, api: 'auto' as const, concurrency: null, fresh: false };
    await backfillOrgs(app.services, { ...options, force: false, fields: null }, context);
    const path = app.services.mirrors.location(emulator.url);
    const db = new Database(path);
    db.exec('drop table cursor');
    db.close();
    const before = timesOpen(path);
    const asked = { org: null, limit: 1, deleted: false };
    for (let n = 0; n < 3; n++) {
      await expect(appContacts(app.services).list(asked, context)).rejects.toMatchObject({
        code: 'MIRROR_CORRUPT',
      });
    }
    expect(timesOpen(path)).toBe(before);
    await emulator.close();
  });
});
