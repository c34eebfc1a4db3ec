import { expect, it, vi } from 'vitest';
import { openWire } from '../../src/wire/open-wire.ts';

vi.mock('../../src/wire/open-dispatcher.ts', () => {
  throw new Error('replaced while it ran');
});
vi.mock('../../src/wire/exchange.ts', async (original) => {
  // Later than what fails, as the disk may have it.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return original();
});

it('a pool that cannot be loaded, as while the program is replaced, fails its requests and not the process', async () => {
  const unheard: unknown[] = [];
  const hear = (error: unknown) => void unheard.push(error);
  process.prependListener('unhandledRejection', hear);
  try {
    const wire = openWire();
    const patience = { headersMs: 1_000, idleBodyMs: 1_000, answerMs: 1_000 };
    const request = { method: 'GET', origin: 'http://localhost:1', path: '/', headers: {} } as const;
    for (const _ of [1, 2]) await expect(wire.exchange(request, patience)).rejects.toThrow();
    await wire.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(unheard).toEqual([]);
  } finally {
    process.off('unhandledRejection', hear);
  }
});
