import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';

it('the data of an org that a watch has are deleted after its sync was turned off, as is said', async () => {
  const emulator = await startEmulator({ contacts: 10 });
  using cli = new Cli();
  try {
    await cli.loginByToken(emulator, '--alias', 'acme');
    const watch = cli.start(['watch', '--interval', '1d', '--json']);
    await new Promise<void>((resolve) => {
      createInterface({ input: watch.stdout! }).on('line', (line) => {
        if (JSON.parse(line).event === 'cycle:complete') resolve();
      });
    });
    const logout = () => cli.run(['logout', 'acme', '--delete-data', '--json']);
    const busy = await logout();
    expect(busy.code).toBe(6);
    expect(JSON.parse(busy.stdout).error.hint).toContain('`parahack-sync orgs disable');
    await cli.json(['orgs', 'disable', 'acme']);
    await expect.poll(async () => (await logout()).code, { timeout: 60_000 }).toBe(0);
    watch.kill('SIGTERM');
    await once(watch, 'exit');
  } finally {
    await emulator.close();
  }
}, 120_000);
