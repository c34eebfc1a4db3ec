import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { MirrorsOptions } from '../../../src/store/sqlite/open-files.ts';
import { openMirrors } from '../../../src/store/sqlite/open-mirrors.ts';
import type { Mirrors } from '../../../src/sync/ports/mirrors.ts';
import type { StoredMirror } from '../../../src/sync/ports/stored-mirror.ts';
import { heldLease } from '../../support/leases.ts';

export const instanceUrl = 'https://example.my.salesforce.com';

export interface TempMirrors extends AsyncDisposable {
  folder: string;
  mirrors: Mirrors;
  mirror: StoredMirror;
  /** Reads the file as any other program would. */
  sql<T = Record<string, unknown>>(query: string, ...parameters: unknown[]): T[];
}

/** A folder of its own with one open mirror in it. */
export async function openTempMirror(
  options: Pick<MirrorsOptions, 'writers' | 'inlineWrites' | 'startThread'> = {},
): Promise<TempMirrors> {
  const root = mkdtempSync(join(tmpdir(), 'parahack-store-'));
  const folder = join(root, 'orgs');
  const mirrors = openMirrors({ folder, log: silentLogger, clock: systemClock, ...options });
  const mirror = await mirrors.open(instanceUrl, { create: true, lease: heldLease() });
  return {
    folder,
    mirrors,
    mirror,
    sql: <T>(query: string, ...parameters: unknown[]) => {
      const db = new Database(mirror.location, { readonly: true });
      try {
        return db.prepare(query).all(...parameters) as T[];
      } finally {
        db.close();
      }
    },
    async [Symbol.asyncDispose]() {
      await mirrors[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
