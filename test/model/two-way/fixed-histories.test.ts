import { describe, expect, it } from 'vitest';
import { play } from './history.ts';
import { keptHistories } from './kept-histories.ts';

describe('a history of both sides that was bad once, or is where a fault is planted', () => {
  it.each(keptHistories())('ends with both sides equal: $name', async ({ history }) => {
    const tally = new Map<string, number>();
    await play(history, tally);
    expect(tally.size).toBeGreaterThan(0);
  });
});
