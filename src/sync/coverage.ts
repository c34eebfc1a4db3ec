import { floorMinute } from './minute.ts';

interface CoverageAnswer {
  latestDateCovered: number | null;
  answeredAt: number;
  durationMs: number;
}

/**
 * Up to where an answer of `updated` or `deleted` really covers, cut to the minute; null moves nothing.
 * An end in the future may be answered with that end, so coverage is never believed past the moment at
 * which the org began to answer: its `Date` less the request's duration.
 */
export function coveredBy(answer: CoverageAnswer): number | null {
  if (answer.latestDateCovered === null) return null;
  return floorMinute(Math.min(answer.latestDateCovered, answer.answeredAt - answer.durationMs));
}
