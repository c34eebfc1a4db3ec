import { isAbort } from '../../base/abort.ts';
import { isAppError } from '../../base/errors.ts';
import { parseTime } from '../../base/iso-time.ts';
import type { SyncContext } from '../context.ts';
import { type CreatedSpan, select, soqlDateTime, spanConditions } from '../soql.ts';

export interface CountedSpan extends CreatedSpan {
  /** Records that the plan expects in it; a guide for balance, never a promise. */
  expected: number;
}

/** A stretch of time with a count: [start, end), ms since 1970. */
interface Bucket {
  start: number;
  end: number;
  count: number;
}

const dayMs = 86_400_000;

/**
 * Cuts all records into spans of CreatedDate of about `target` records each. The first span is open below
 * and the last open above, so whatever the counts missed is still read. One grouped count by month is asked
 * (then by day for months past the target); where an org cannot answer that, spans are halved by COUNT().
 */
export async function planSpans(
  context: SyncContext,
  { total, target, signal }: { total: number; target: number; signal?: AbortSignal },
): Promise<CountedSpan[]> {
  if (total <= target) return [{ lower: null, upper: null, expected: total }];
  let buckets: Bucket[];
  try {
    buckets = await bucketsByCalendar(context, target, signal);
  } catch (error) {
    if (isAbort(error) || isAppError(error, 'LOGIN_REQUIRED', 'NETWORK_UNREACHABLE', 'TIMEOUT')) throw error;
    context.log.debug('counting by month failed, counting by halves instead', { error: String(error) });
    buckets = await bucketsByHalving(context, total, target, signal);
  }
  return joinBuckets(
    buckets.flatMap((bucket) => cutEvenly(bucket, target)),
    target,
  );
}

/** Neighbours are joined while they stay within `target`; pure. */
export function joinBuckets(buckets: readonly Bucket[], target: number): CountedSpan[] {
  const sorted = [...buckets].filter((bucket) => bucket.count > 0).sort((a, b) => a.start - b.start);
  const spans: CountedSpan[] = [];
  let expected = 0;
  let lower: string | null = null;
  for (const [i, bucket] of sorted.entries()) {
    expected += bucket.count;
    const next = sorted[i + 1];
    if (next !== undefined && expected + next.count > target) {
      const upper = new Date(next.start).toISOString();
      spans.push({ lower, upper, expected });
      lower = upper;
      expected = 0;
    }
  }
  spans.push({ lower, upper: null, expected });
  return spans;
}

/** A bucket past the target becomes equal stretches of whole seconds; pure. */
function cutEvenly(bucket: Bucket, target: number): Bucket[] {
  const seconds = Math.floor((bucket.end - bucket.start) / 1000);
  const pieces = Math.min(Math.ceil(bucket.count / target), seconds);
  if (pieces <= 1) return [bucket];
  const edge = (i: number) => bucket.start + Math.round((seconds * i) / pieces) * 1000;
  return Array.from({ length: pieces }, (_, i) => ({
    start: edge(i),
    end: i === pieces - 1 ? bucket.end : edge(i + 1),
    count: bucket.count / pieces,
  }));
}

async function bucketsByCalendar(
  { object, remote }: Pick<SyncContext, 'object' | 'remote'>,
  target: number,
  signal: AbortSignal | undefined,
): Promise<Bucket[]> {
  const months = await remote.queries.all(
    'SELECT CALENDAR_YEAR(CreatedDate) y, CALENDAR_MONTH(CreatedDate) m, COUNT(Id) n' +
      ` FROM ${object.name} GROUP BY CALENDAR_YEAR(CreatedDate), CALENDAR_MONTH(CreatedDate)`,
    { signal },
  );
  const buckets: Bucket[] = [];
  for (const { y, m, n } of months.records) {
    const year = numberOf(y);
    const month = numberOf(m);
    // Salesforce's own bounds of a date.
    if (year < 1700 || year > 4000 || month < 1 || month > 12)
      throw new TypeError(`a month answered ${year}-${month}`);
    const bucket = { start: Date.UTC(year, month - 1), end: Date.UTC(year, month), count: numberOf(n) };
    if (bucket.count <= target) buckets.push(bucket);
    else buckets.push(...(await bucketsByDay({ object, remote }, bucket, signal)));
  }
  return buckets;
}

async function bucketsByDay(
  { object, remote }: Pick<SyncContext, 'object' | 'remote'>,
  month: Bucket,
  signal: AbortSignal | undefined,
): Promise<Bucket[]> {
  const span = { lower: new Date(month.start).toISOString(), upper: new Date(month.end).toISOString() };
  const days = await remote.queries.all(
    `SELECT DAY_ONLY(CreatedDate) d, COUNT(Id) n FROM ${object.name} WHERE ${spanConditions(span).join(' AND ')}` +
      ' GROUP BY DAY_ONLY(CreatedDate)',
    { signal },
  );
  return days.records.map(({ d, n }) => {
    const start = parseTime(String(d));
    if (start === null) throw new TypeError(`DAY_ONLY answered ${String(d)}`);
    return { start, end: start + dayMs, count: numberOf(n) };
  });
}

function numberOf(value: unknown): number {
  const sound = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2_000_000_000;
  if (!sound) throw new TypeError(`a count answered ${String(value)}`);
  return value;
}

async function bucketsByHalving(
  context: SyncContext,
  total: number,
  target: number,
  signal: AbortSignal | undefined,
): Promise<Bucket[]> {
  const first = await edgeOfCreatedDate(context, 'ASC', signal);
  const last = await edgeOfCreatedDate(context, 'DESC', signal);
  if (first === null || last === null) return [];
  const done: Bucket[] = [];
  const open: Bucket[] = [{ start: first, end: last + 1000, count: total }];
  for (let bucket = open.pop(); bucket !== undefined; bucket = open.pop()) {
    const seconds = Math.floor((bucket.end - bucket.start) / 1000);
    if (bucket.count <= target || seconds < 2) {
      done.push(bucket);
      continue;
    }
    const middle = bucket.start + Math.floor(seconds / 2) * 1000;
    const condition = `CreatedDate >= ${soqlDateTime(bucket.start)} AND CreatedDate < ${soqlDateTime(middle)}`;
    const lower = Math.min(await context.records.count(condition, { signal }), bucket.count);
    open.push({ start: middle, end: bucket.end, count: bucket.count - lower });
    open.push({ start: bucket.start, end: middle, count: lower });
  }
  return done;
}

/** The oldest (`ASC`) or newest CreatedDate, ms since 1970; null in an org without records. */
export async function edgeOfCreatedDate(
  { object, remote }: Pick<SyncContext, 'object' | 'remote'>,
  order: 'ASC' | 'DESC',
  signal: AbortSignal | undefined,
): Promise<number | null> {
  const soql = select(object.name, ['CreatedDate'], [], ` ORDER BY CreatedDate ${order} LIMIT 1`);
  const { records } = await remote.queries.all(soql, { signal });
  const value = records[0]?.CreatedDate;
  return typeof value === 'string' ? parseTime(value) : null;
}
