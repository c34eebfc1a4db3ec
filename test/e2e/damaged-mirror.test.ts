import { once } from 'node:events';
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { control, expectMirrorEqualsOrg } from './org.ts';

interface Told {
  event: string;
  error?: { code: string; hint: string };
}

/** In place, as a failing disk does. */
function damage(path: string): void {
  const db = new Database(path);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(statSync(path).size, 0x5a));
  closeSync(file);
}

it('a watch that finds a mirror damaged tells steps that mend it in their order, while it runs', async () => {
  const emulator = await startEmulator({ contacts: 60 });
  using cli = new Cli();
  try {
    await cli.loginByToken(emulator);
    await cli.json(['backfill']);
    const told: Told[] = [];
    const watch = cli.start(['watch', '--interval', '30s', '--json']);
    createInterface({ input: watch.stdout! }).on('line', (line) => told.push(JSON.parse(line)));
    const events = () => told.map(({ event }) => event);
    // It has the org to itself, as it does not where the first look finds the damage.
    await expect.poll(events, { timeout: 60_000 }).toContain('cycle:complete');
    damage(cli.databaseOf(emulator.url));
    await expect.poll(events, { timeout: 60_000 }).toContain('cycle:failed');
    const before = events().length;
    const { error } = told.find(({ event }) => event === 'cycle:failed')!;
    expect(error?.code).toBe('MIRROR_CORRUPT');
    const commands = [...error!.hint.matchAll(/"parahack-sync ([^"]+)"/g)].map(([, words]) =>
      words!.split(' '),
    );
    expect(commands.map((words) => words.slice(0, 2).join(' '))).toEqual([
      'orgs disable',
      'backfill --fresh',
      'orgs enable',
    ]);
    for (const command of commands) {
      // One behind the other, as they are pasted.
      const made = await cli.run(command);
      expect(made.code, made.stderr).toBe(0);
      if (command[0] === 'backfill') expect(made.stderr).toContain('waiting for the watch that has it');
    }
    await control(emulator.url, 'touch', { count: 2, set: { Title: 'Later' } });
    await expect.poll(() => events().slice(before), { timeout: 90_000 }).toContain('cycle:complete');
    const end = once(watch, 'exit');
    watch.kill('SIGTERM');
    await end;
    await cli.json(['reconcile']);
    await expectMirrorEqualsOrg(cli.databaseOf(emulator.url), emulator.url);
  } finally {
    await emulator.close();
  }
}, 240_000);
