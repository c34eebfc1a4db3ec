import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { appArchives } from '../../src/usecases/archives.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { takeOrgLease } from '../../src/usecases/org-lease.ts';
import { type OpenServices, openServices } from './open-services.ts';

let emulator: Emulator;
let app: OpenServices;
const context = () => ({ signal: new AbortController().signal, onEvent: () => {} });

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 5 });
  app = openServices(emulator);
});
afterEach(async () => {
  await app[Symbol.asyncDispose]();
  await emulator.close();
});

const folder = () => dirname(app.services.mirrors.location(emulator.url));
const databases = () => readdirSync(folder()).filter((name) => name.endsWith('.db'));

async function freshCopies(count: number): Promise<string[]> {
  const options = {
    orgs: [],
    all: false,
    api: 'auto' as const,
    concurrency: null,
    force: false,
    fields: null,
  };
  const archived: string[] = [];
  for (let n = 0; n <= count; n++) {
    const { orgs } = await backfillOrgs(app.services, { ...options, fresh: true }, context());
    if (orgs[0]!.archived !== null) archived.push(orgs[0]!.archived);
  }
  return archived.reverse();
}

describe('archives', () => {
  it('are listed with their time and size, the newest first, and pruned but for the newest', async () => {
    const archives = appArchives(app.services);
    expect(await archives.list({ org: null }, context())).toEqual({ archives: [] });
    const made = await freshCopies(3);
    const listed = (await archives.list({ org: null }, context())).archives;
    expect(listed.map(({ path }) => path)).toEqual(made);
    for (const { archivedAt, bytes, instanceUrl } of listed) {
      expect(instanceUrl).toBe(emulator.url);
      expect(Math.abs(Date.parse(archivedAt) - Date.now())).toBeLessThan(60_000);
      expect(bytes).toBeGreaterThan(8_192);
    }
    const { removed, kept } = await archives.prune({ org: null, keep: 1 }, context());
    expect(removed.map(({ path }) => path)).toEqual(made.slice(1));
    expect(kept.map(({ path }) => path)).toEqual(made.slice(0, 1));
    expect(made.map((path) => existsSync(path))).toEqual([true, false, false]);
    // A log beside an archive goes with it, and the mirror stays.
    writeFileSync(`${made[0]}-wal`, '');
    await archives.prune({ org: null, keep: 0 }, context());
    expect(databases()).toEqual([basename(app.services.mirrors.location(emulator.url))]);
    expect(readdirSync(folder()).filter((name) => name.includes('archived'))).toEqual([]);
  });

  it('of an org whose host begins with the same letters are another org’s', async () => {
    await freshCopies(1);
    const host = basename(app.services.mirrors.location(emulator.url), '.db');
    const others = [`${host}9`, `${host}.example.com`, `${host}.20260101T000000Z`].map((name) =>
      join(folder(), `${name}.20260102T000000Z.archived.db`),
    );
    for (const other of others) writeFileSync(other, '');
    const { removed } = await appArchives(app.services).prune({ org: null, keep: 0 }, context());
    expect(removed).toHaveLength(1);
    expect(others.map((other) => existsSync(other))).toEqual([true, true, true]);
  });

  it('are left alone while another process works on the org', async () => {
    const [made] = await freshCopies(1);
    await using _lease = await takeOrgLease(app.services, emulator.url, 'backfill');
    await expect(appArchives(app.services).prune({ org: null, keep: 0 }, context())).rejects.toMatchObject({
      code: 'ORG_BUSY',
    });
    expect(existsSync(made!)).toBe(true);
  });
});
