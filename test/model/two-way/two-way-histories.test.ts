import { describe, expect, it } from 'vitest';
import { isDeep } from '../../support/deep.ts';
import fc from '../../support/properties.ts';
import { fewContactsHistories } from './few-contacts.ts';
import { histories, play } from './history.ts';
import { kinds } from './kinds.ts';
import { usualFewContacts, usualHistories, usualSeed } from './usual-run.ts';

const runs = Number(process.env.PARAHACK_HISTORIES ?? (isDeep ? 10 * usualHistories : usualHistories));
/** The deep run plays others each time. */
const defaultSeed = isDeep ? Date.now() % 2 ** 31 : usualSeed;

describe('histories of programs, users and killed processes', () => {
  it(`end with both sides equal and no edit lost without a record, ${runs} times`, async () => {
    const tally = new Map<string, number>();
    const seed = Number(process.env.PARAHACK_SEED ?? defaultSeed);
    const property = fc.asyncProperty(histories(), (history) => play(history, tally));
    await fc.assert(property, { numRuns: runs, seed, includeErrorInReport: true });
    const counts = kinds.map((kind) => `${kind} ${tally.get(kind) ?? 0}`);
    process.stdout.write(`${runs} histories, seed ${seed}: ${counts.join(', ')}\n`);
    expect(kinds.filter((kind) => !tally.has(kind))).toEqual([]);
    expect([...tally.keys()].filter((kind) => !kinds.includes(kind))).toEqual([]);
  }, 7_200_000);

  const fewRuns = isDeep ? 10 * usualFewContacts : usualFewContacts;

  it(`end so where much happens to one or two contacts, ${fewRuns} times`, async () => {
    const tally = new Map<string, number>();
    const property = fc.asyncProperty(fewContactsHistories(), (history) => play(history, tally));
    await fc.assert(property, { numRuns: fewRuns, seed: defaultSeed, includeErrorInReport: true });
    for (const kind of ['push', 'queued push', 'upsert', 'update', 'delete', 'users update', 'retry', 'drop'])
      expect(tally.get(kind), kind).toBeGreaterThan(0);
  }, 7_200_000);
});
