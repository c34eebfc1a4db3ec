import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import { apiError, notFound } from '../http/api-error.ts';

/** "Versions 31.0 through …: Supported" (API End-of-Life Policy). */
const oldestApiVersion = 31;
const newestApiVersion = 67;
/** The first version that there was; those from here to the oldest are retired. */
const firstApiVersion = 7;

const seasons = ['Summer', 'Winter', 'Spring'] as const;

/** Version 31 was Summer ’14; three releases a year, Winter and Spring named after the coming year. */
function releaseLabel(version: number): string {
  const index = version - oldestApiVersion;
  const season = seasons[index % 3] ?? 'Summer';
  const year = 14 + Math.floor(index / 3) + (season === 'Summer' ? 0 : 1);
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

/** `v62.0` → 62; 410 for a retired version, 404 for one that there never was. */
export function requireApiVersion(segment: string): number {
  const version = Number(/^v(\d{1,3})\.0$/i.exec(segment)?.[1]);
  if (version >= oldestApiVersion && version <= newestApiVersion) return version;
  if (version >= firstApiVersion && version < oldestApiVersion) {
    throw apiError(410, 'GONE', `API version ${version}.0 is retired and no longer available.`);
  }
  throw notFound();
}
