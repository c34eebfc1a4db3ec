import { expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { startEmulator } from '../../src/emulator/index.ts';

it('what was due while the machine slept is done before anything is answered', async () => {
  let sleptMs = 0;
  const wallClock = () => systemClock.now() + sleptMs;
  const emulator = await startEmulator({ contacts: 3, wallClock });
  try {
    const control = (path: string, body: object) =>
      fetch(`${emulator.url}/__emulator/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    await control('faults', { match: 'POST', reset: 'commit-later', commitAfterMs: 60_000 });
    const authorization = `Bearer ${emulator.accessToken}`;
    const create = fetch(`${emulator.url}/services/data/v62.0/sobjects/Contact`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ LastName: 'Late' }),
    });
    await expect(create).rejects.toThrow();
    const soql = encodeURIComponent("SELECT count() FROM Contact WHERE LastName = 'Late'");
    const late = async () => {
      const answer = await fetch(`${emulator.url}/services/data/v62.0/query?q=${soql}`, {
        headers: { authorization },
      });
      return ((await answer.json()) as { totalSize: number }).totalSize;
    };
    expect(await late()).toBe(0);
    sleptMs = 60_000;
    expect(await late()).toBe(1);
  } finally {
    await emulator.close();
  }
});
