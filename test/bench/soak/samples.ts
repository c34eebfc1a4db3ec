import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../measure.ts';

/** What a watch takes at one moment. Sizes in bytes. */
export interface Sample {
  /** ms since 1970. */
  at: number;
  rss: number;
  descriptors: number;
  threads: number;
  mirrors: number;
  wals: number;
  usage: number;
  files: number;
  logLines: number;
  logBytes: number;
  /** Contacts that the orgs have ever had. */
  contacts: number;
}

type Place = Pick<Sample, 'mirrors' | 'wals' | 'usage' | 'files'>;

export function processNow(pid: number): Pick<Sample, 'rss' | 'descriptors' | 'threads'> {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const number = (key: string) => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]);
  return {
    rss: number('VmRSS') * 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: number('Threads'),
  };
}

/** Of a data folder; what is removed meanwhile is not counted. */
export function filesNow(dataDir: string): Place {
  const place: Place = { mirrors: 0, wals: 0, usage: 0, files: 0 };
  for (const entry of readdirSync(dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const size = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
    place.files++;
    if (entry.name.startsWith('usage.db')) place.usage += size;
    else if (entry.name.endsWith('.db-wal')) place.wals += size;
    else if (entry.name.endsWith('.db')) place.mirrors += size;
  }
  return place;
}

export interface Verdict {
  what: string;
  second: number;
  last: number;
  bound: number;
  unit: 'MB' | '';
  isGood: boolean;
}

const mb = 1_000_000;

/** SQLite brings its log into the file at this many pages, and writes over it from its beginning. */
const logPages = 1_000;
const frameHead = 24;

/**
 * The second quarter against the last, medians both: the first warms up, and one large page or a collection that has not
 * happened yet is no growth. What a watch keeps by its nature is in the bounds:
 *
 * - memory: V8 lets its heap move by some megabytes under the same load. A leak of 20 MB in half the run is seen, which
 *   for an hour is a GB in a day;
 * - descriptors: pooled sockets and the files of a page under way come and go, a handful of each;
 * - mirrors: contacts that the orgs have got meanwhile, at what a contact takes, twice, and the runs;
 * - the logs of SQLite fill up for most of an hour and stay so: they have a size that they may have at any time, that of
 *   1,000 pages (8 KB in a mirror, 4 KB in the usage file) and of one large page of contacts.
 */
export function judge(samples: readonly Sample[], mirrors: number): Verdict[] {
  const quarter = (n: number) =>
    samples.slice(Math.floor((n * samples.length) / 4), Math.floor(((n + 1) * samples.length) / 4));
  const [second, last] = [quarter(1), quarter(3)];
  const middle = (part: readonly Sample[], key: keyof Sample) => median(part.map((sample) => sample[key]));
  const verdict = (what: string, key: keyof Sample, unit: Verdict['unit'], bound: number): Verdict => {
    const to = middle(last, key);
    return { what, second: middle(second, key), last: to, bound, unit, isGood: to <= bound };
  };
  const growing = (what: string, key: keyof Sample, unit: Verdict['unit'], room: number) =>
    verdict(what, key, unit, middle(second, key) + room);
  const perContact = middle(second, 'mirrors') / middle(second, 'contacts');
  const added = middle(last, 'contacts') - middle(second, 'contacts');
  return [
    growing('memory', 'rss', 'MB', 20 * mb),
    growing('descriptors', 'descriptors', '', 6),
    growing('threads', 'threads', '', 2),
    growing('mirrors', 'mirrors', 'MB', 2 * perContact * added + 2 * mb),
    verdict('logs of mirrors', 'wals', 'MB', mirrors * (logPages * (8_192 + frameHead) + 4 * mb)),
    verdict('usage file and its log', 'usage', 'MB', logPages * (4_096 + frameHead) + mb),
    growing('files', 'files', '', 6),
  ];
}
