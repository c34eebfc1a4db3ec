import { expect, it } from 'vitest';
import { RareTelling } from '../../src/cli/commands/rare-telling.ts';
import { Silence } from '../../src/cli/commands/silence.ts';

const minute = 60_000;

it('a trouble is told at growing distances, whatever this machine’s clock was when it was told last', () => {
  let now = Date.UTC(2026, 2, 4, 10);
  const telling = new RareTelling(() => now);
  expect(telling.isDue('org', 'TIMEOUT')).toBe(true);
  now += 5 * minute;
  expect(telling.isDue('org', 'TIMEOUT')).toBe(false);
  now += 30 * 24 * 60 * minute;
  expect(telling.isDue('org', 'TIMEOUT')).toBe(true);
  // The clock is set right.
  now -= 30 * 24 * 60 * minute;
  expect(telling.isDue('org', 'TIMEOUT')).toBe(true);
  now += 5 * minute;
  expect(telling.isDue('org', 'TIMEOUT')).toBe(false);
  now += 60 * minute;
  expect(telling.isDue('org', 'TIMEOUT')).toBe(true);
});

it('a quiet log says once an hour that it lives, whatever this machine’s clock was at its last line', () => {
  const start = Date.UTC(2026, 2, 4, 10);
  const silent = new Silence(start + 30 * 24 * 60 * minute);
  // The clock is set right.
  expect(silent.lastedMs(start)).toBe(0);
  expect(silent.lastedMs(start + 60 * minute)).toBe(60 * minute);
});
