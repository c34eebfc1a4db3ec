import { expect, it } from 'vitest';
import { isDeep } from '../../support/deep.ts';
import { TwoWayHistory } from './play-history.ts';

/** The common run plays the same histories each time; the deep one ten times as many, others each time. */
const common = 50;
const runs = Number(process.env.PARAHACK_HISTORIES ?? (isDeep ? 10 * common : common));
const first = Number(process.env.PARAHACK_SEED ?? (isDeep ? Date.now() % 2 ** 31 : 7001));

/** Histories in which something was lost once: a decision for a contact that came back, a record of a killed process. */
const found = [20_006, 20_056];

const kinds = [
  'insert',
  'update',
  'delete',
  'users create',
  'users update',
  'users delete',
  'users undelete',
  'users merge',
  'fault',
  'time',
  'decision',
  'cycle',
  'crash',
];

it(`histories of programs, users and killed processes end with both sides equal, ${runs} times`, async () => {
  const tally = new Map<string, number>();
  for (const seed of found) await TwoWayHistory.play(seed, tally);
  for (let seed = first; seed < first + runs; seed++) await TwoWayHistory.play(seed, tally);
  const counts = kinds.map((kind) => `${kind} ${tally.get(kind) ?? 0}`);
  process.stdout.write(`${runs} histories from seed ${first}: ${counts.join(', ')}\n`);
  expect(kinds.filter((kind) => !tally.has(kind))).toEqual([]);
}, 7_200_000);
