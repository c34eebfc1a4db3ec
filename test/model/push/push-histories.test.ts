import { describe, expect, it } from 'vitest';
import { isDeep } from '../../support/deep.ts';
import fc from '../../support/properties.ts';
import { histories, play } from './history.ts';
import { kinds } from './kinds.ts';
import { usualHistories, usualSeed } from './usual-run.ts';
import { ways } from './ways.ts';

const runs = Number(process.env.PARAHACK_HISTORIES ?? (isDeep ? 10 * usualHistories : usualHistories));
/** The deep run plays others each time. */
const defaultSeed = isDeep ? Date.now() % 2 ** 31 : usualSeed;
const tally = new Map<string, number>();

describe('histories of what is pushed, an org, a line and programs that are killed', () => {
  it.each(ways)(
    `make each contact once, or say that it is in doubt, ${runs} times by the way "%s"`,
    async (way) => {
      const seed = Number(process.env.PARAHACK_SEED ?? defaultSeed);
      // Else each way would meet the same steps.
      const own = seed + ways.indexOf(way);
      const property = fc.asyncProperty(histories(way), (history) => play(history, tally));
      await fc.assert(property, { numRuns: runs, seed: own, includeErrorInReport: true });
      process.stdout.write(`${runs} histories by ${way}, seed ${seed}\n`);
    },
    7_200_000,
  );

  it('hold every kind of thing that may happen', () => {
    process.stdout.write(`${kinds.map((kind) => `${kind} ${tally.get(kind) ?? 0}`).join(', ')}\n`);
    expect(kinds.filter((kind) => !tally.has(kind))).toEqual([]);
    expect([...tally.keys()].filter((kind) => !kinds.includes(kind))).toEqual([]);
  });
});
