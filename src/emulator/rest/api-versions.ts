import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';

export const oldestApiVersion = 45;
export const newestApiVersion = 67;

const seasons = ['Spring', 'Summer', 'Winter'] as const;

/** Version 45 was Spring ’19; three releases a year, Winter named after the coming year. */
function releaseLabel(version: number): string {
  const index = version - oldestApiVersion;
  const season = seasons[index % 3] ?? 'Spring';
  const year = 19 + Math.floor(index / 3) + (season === 'Winter' ? 1 : 0);
  return `${season} '${year}`;
}

/** `GET /services/data`: every version, no token needed. */
export function versionsAnswer(): Answer {
  const versions = [];
  for (let v = oldestApiVersion; v <= newestApiVersion; v++) {
    versions.push({ label: releaseLabel(v), url: `/services/data/v${v}.0`, version: `${v}.0` });
  }
  return jsonAnswer(200, versions);
}

/** `v62.0` → 62; undefined for a version that this org does not have. */
export function parseApiVersion(segment: string): number | undefined {
  const match = /^v(\d{2,3})\.0$/i.exec(segment);
  const version = Number(match?.[1]);
  return version >= oldestApiVersion && version <= newestApiVersion ? version : undefined;
}
