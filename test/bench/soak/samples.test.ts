import { expect, it } from 'vitest';
import { judge, type Sample } from './samples.ts';

const base: Sample = {
  at: 0,
  rss: 150e6,
  descriptors: 50,
  threads: 13,
  mirrors: 4e6,
  wals: 4e6,
  usage: 100e3,
  files: 40,
  logLines: 0,
  logBytes: 0,
  contacts: 4_000,
};

function series(sampleAt: (part: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: 100 }, (_, i) => ({ ...base, at: i * 5_000, ...sampleAt(i / 100) }));
}

const wrong = (samples: Sample[]) =>
  judge(samples, 3)
    .filter(({ isGood }) => !isGood)
    .map(({ what }) => what);

it('holds nothing against a watch that warms up, breathes and has peaks', () => {
  const samples = series((part) => ({
    rss: part < 0.2 ? 90e6 : 150e6 + 15e6 * Math.sin(part * 80),
    descriptors: part === 0.9 ? 90 : 50,
  }));
  expect(wrong(samples)).toEqual([]);
});

it('sees a steady growth of each', () => {
  expect(wrong(series((part) => ({ rss: 150e6 + 45e6 * part })))).toEqual(['memory']);
  expect(wrong(series((part) => ({ descriptors: 50 + Math.floor(16 * part) })))).toEqual(['descriptors']);
  expect(wrong(series((part) => ({ threads: 13 + Math.floor(8 * part) })))).toEqual(['threads']);
  expect(wrong(series((part) => ({ wals: 4e6 + 50e6 * part })))).toEqual(['logs of mirrors']);
  expect(wrong(series((part) => ({ usage: 100e3 + 8e6 * part })))).toEqual(['usage file and its log']);
  expect(wrong(series((part) => ({ files: 40 + Math.floor(16 * part) })))).toEqual(['files']);
});

it('lets the logs of SQLite fill up', () => {
  expect(wrong(series((part) => ({ wals: 24e6 * part, usage: 4e6 * part })))).toEqual([]);
});

it('lets a mirror grow by the contacts that the org has got, and no more', () => {
  const grown = (part: number) => ({ mirrors: 4e6 + 8e6 * part });
  expect(wrong(series(grown))).toEqual(['mirrors']);
  expect(wrong(series((part) => ({ ...grown(part), contacts: 4_000 + 8_000 * part })))).toEqual([]);
});

it('does not call good what could not be read', () => {
  expect(wrong(series(() => ({ rss: Number.NaN })))).toEqual(['memory']);
});
