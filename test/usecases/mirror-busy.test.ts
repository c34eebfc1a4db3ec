import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { pushRecords } from '../../src/usecases/push.ts';
import { watch } from '../../src/usecases/watch.ts';
import { control } from '../e2e/org.ts';
import { type OpenServices, openServices } from './open-services.ts';

let emulator: Emulator;
let app: OpenServices;
let stranger: Database.Database;
const context = () => ({ signal: new AbortController().signal, onEvent: () => {} });
const backfillOptions = {
  orgs: [],
  all: false,
  api: 'auto' as const,
  concurrency: null,
  fresh: false,
  force: false,
  fields: null,
};

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 20 });
  app = openServices(emulator);
  await backfillOrgs(app.services, backfillOptions, context());
  stranger = new Database(app.services.mirrors.location(emulator.url));
});
afterEach(async () => {
  stranger.close();
  await app[Symbol.asyncDispose]();
  await emulator.close();
});

async function watchOnce() {
  const options = { orgs: [], intervalMs: 60_000, once: true, push: true, reconcileEveryMs: null };
  return (await watch(app.services, options, context())).orgs;
}

async function* oneRecord() {
  const source = 'x.json';
  yield [{ index: 0, source, line: 1, fields: { LastName: 'Waiting' }, format: 'json' as const }] as never;
}

describe('a write lock that another program does not give back', () => {
  it('is what a push tells of, not what failed while its mirror was closed', async () => {
    stranger.exec('BEGIN IMMEDIATE');
    const options = {
      org: null,
      records: oneRecord(),
      upsertField: null,
      dryRun: false,
      queue: false,
      allOrNone: false,
      allowDuplicates: false,
    };
    await expect(pushRecords(app.services, options as never, context())).rejects.toMatchObject({
      name: 'AppError',
      code: 'MIRROR_BUSY',
    });
  });

  it('is what a backfill and a watch tell of', async () => {
    stranger.exec('BEGIN IMMEDIATE');
    const { orgs } = await backfillOrgs(app.services, backfillOptions, context());
    expect(orgs[0]?.error).toMatchObject({ code: 'MIRROR_BUSY' });
    expect((await watchOnce())[0]?.error).toMatchObject({ code: 'MIRROR_BUSY' });
  });

  it('does not hide what went wrong with the org before', async () => {
    await control(emulator.url, 'faults', [{ match: '/updated', times: 1_000, status: 503 }]);
    // The step that fails and the end of the run cannot be recorded.
    stranger.exec(`
      CREATE TRIGGER no_end BEFORE UPDATE OF status ON run BEGIN SELECT raise(ABORT, 'not recorded'); END;
      CREATE TRIGGER no_step BEFORE INSERT ON run_step WHEN new.name = 'updated' BEGIN SELECT raise(ABORT, 'not recorded'); END;
    `);
    expect((await watchOnce())[0]?.error).toMatchObject({ code: 'ORG_UNAVAILABLE' });
  });

  it('is not waited for once the command is interrupted', async () => {
    const stop = new AbortController();
    const mirror = await app.services.mirrors.open(emulator.url, { create: false, signal: stop.signal });
    stranger.exec('BEGIN IMMEDIATE');
    Object.assign(app.services.clock, {
      sleep: (_ms: number, { signal }: { signal?: AbortSignal } = {}) =>
        new Promise((_resolve, reject) => {
          if (signal === undefined) return;
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
          stop.abort();
        }),
    });
    await expect(mirror.journal.startRun('push', Date.now(), {})).rejects.toMatchObject({
      name: 'AbortError',
    });
    await mirror[Symbol.asyncDispose]();
  });
});
