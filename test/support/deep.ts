/**
 * Whether this is the deep run (`npm run test:deep`), which repeats ten times as often what the common run repeats at
 * random, and from another seed each time. The common run is the same each time, so that a red test is owed to the
 * change it is run for and never to luck.
 */
export const isDeep = process.env.PARAHACK_DEEP !== undefined;

/** How often to repeat something: so often in the common run, ten times as often in the deep one. */
export function repeats(common: number): number {
  return isDeep ? common * 10 : common;
}
