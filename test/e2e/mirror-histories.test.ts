import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { isDeep } from '../support/deep.ts';
import { Cli, ended } from './cli.ts';
import { contactsOf, control, expectMirrorEqualsOrg } from './org.ts';

const minute = 60_000;

let emulator: Emulator;
let cli: Cli;

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 300 });
  cli = new Cli();
  await cli.loginByToken(emulator);
});

afterEach(async () => {
  cli[Symbol.dispose]();
  await emulator.close();
});

const equal = () => expectMirrorEqualsOrg(cli.databaseOf(emulator.url), emulator.url);

describe('a first copy ends in the truth of the org', () => {
  it('whatever a push has left in the mirror before it', async () => {
    const { results } = await cli.json<{ results: { id: string }[] }>(
      ['push', '-'],
      '[{"LastName":"Stays"},{"LastName":"Goes"}]',
    );
    await control(emulator.url, 'clock', { advanceMs: 3 * minute });
    await control(emulator.url, 'delete', { ids: [results[1]!.id] });
    await control(emulator.url, 'clock', { advanceMs: 3 * minute });
    await cli.json(['backfill']);
    await equal();
    await cli.json(['contacts', 'show', results[0]!.id]);
    expect((await cli.run(['contacts', 'search', 'Goes'])).stdout).not.toContain(results[1]!.id);
  });

  it('whatever an interrupted one of days ago has left', async () => {
    await control(emulator.url, 'settings', { maxPageRows: 50 });
    await control(emulator.url, 'faults', [
      { match: 'GET .*/query\\?q=SELECT.*LIMIT', times: 2, delayMs: 0 },
      { match: 'GET .*/query\\?q=SELECT.*LIMIT', times: 1_000, status: 403, errorCode: 'LIMIT_EXCEEDED' },
    ]);
    expect((await cli.run(['backfill', '--api', 'rest'])).code).toBe(5);
    await control(emulator.url, 'faults', []);
    await control(emulator.url, 'delete', { count: 120 });
    await control(emulator.url, 'clock', { advanceMs: 12 * 86_400_000 });
    await cli.json(['backfill', '--api', 'rest']);
    await equal();
  });
});

describe('a fresh copy', () => {
  it('and a push beside it exclude each other: every record is told as what it became', async () => {
    await cli.json(['backfill']);
    await control(emulator.url, 'settings', { latencyMs: 40, maxPageRows: 50 });
    const copying = ended(cli.start(['backfill', '--fresh', '--json']));
    const statuses: string[] = [];
    for (let n = 0; n < 6; n++) {
      const { results } = await cli.json<{ results: { status: string }[] }>(
        ['push', '-'],
        `{"LastName":"Beside ${n}"}`,
      );
      statuses.push(results[0]!.status);
    }
    expect((await copying).code).toBe(0);
    expect(statuses).toEqual(Array(6).fill('created'));
    const made = (await contactsOf(emulator.url)).filter(({ LastName }) =>
      String(LastName).startsWith('Beside'),
    );
    expect(made).toHaveLength(6);
    await cli.run(['watch', '--once']);
    await equal();
  });

  it('is never seen in part, and one that fails leaves the mirror as it was', async () => {
    await cli.json(['backfill']);
    const db = new Database(cli.databaseOf(emulator.url), { readonly: true });
    const count = () => db.prepare('select count(*) from contacts').pluck().get() as number;
    await control(emulator.url, 'settings', { latencyMs: 20, maxPageRows: 20 });
    const seen = new Set<number>();
    const copying = ended(cli.start(['backfill', '--fresh', '--json']));
    let done = false;
    void copying.then(() => {
      done = true;
    });
    while (!done) {
      seen.add(count());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await copying).code).toBe(0);
    expect([...seen]).toEqual([300]);
    await control(emulator.url, 'faults', [
      { match: '.*', times: 1_000, status: 403, errorCode: 'LIMIT_EXCEEDED' },
    ]);
    expect((await cli.run(['backfill', '--fresh'])).code).toBe(5);
    expect(count()).toBe(300);
    db.close();
  });
});

describe('a mirror whose file was deleted', () => {
  it('is copied anew by the next watch', async () => {
    await cli.json(['backfill']);
    for (const end of ['', '-wal', '-shm']) rmSync(cli.databaseOf(emulator.url) + end, { force: true });
    expect((await cli.run(['watch', '--once'])).code).toBe(0);
    await equal();
  });

  // A watch's shortest interval is half a minute; the deep run affords it.
  it.runIf(isDeep)('is noticed by the watch that runs, said, and copied anew', async () => {
    await cli.json(['backfill']);
    const watch = cli.start(['watch', '--interval', '30s', '--json']);
    const events: { event: string; upserted?: number }[] = [];
    const lines = createInterface({ input: watch.stdout! });
    const second = new Promise<void>((resolve) => {
      let cycles = 0;
      lines.on('line', (line) => {
        events.push(JSON.parse(line));
        if (!line.includes('"cycle:complete"')) return;
        if (++cycles === 1) {
          for (const end of ['', '-wal', '-shm']) rmSync(cli.databaseOf(emulator.url) + end, { force: true });
          void control(emulator.url, 'touch', { count: 5, set: { Title: 'Since' } });
        } else resolve();
      });
    });
    await second;
    const gone = once(watch, 'exit');
    watch.kill('SIGTERM');
    await gone;
    await equal();
  });
});
