import { mostAheadMs } from '../../../base/clock-ahead.ts';
import type { Connection } from '../../../sqlite/connection.ts';
import type {
  AskedRest,
  CallsWanted,
  ReportedUsage,
  SlotCalls,
  SlotSpan,
  StretchedInterval,
} from '../../../sync/ports/call-ledger.ts';
import { dayBefore, mostSlots } from '../../kept-slots.ts';
import { prepared } from '../prepared.ts';

/** Of an org that has asked for none. */
export const noRest: AskedRest = { pull: null, push: null };

export function callsOf(db: Connection, org: string, { from, to }: SlotSpan): SlotCalls[] {
  return prepared(
    db,
    'SELECT slot, calls FROM call WHERE org = ? AND slot BETWEEN ? AND ? AND calls > 0 ORDER BY slot',
  ).all(org, from, to) as SlotCalls[];
}

export function reserveCalls(db: Connection, org: string, wanted: CallsWanted): number {
  const { slot, span, calls, limit } = wanted;
  takeOverFromAhead(db, org, wanted);
  dropOldest(db, org, span);
  const made = callsWithin(db, org, span);
  const granted = Math.max(0, Math.min(calls, limit - made));
  if (granted > 0) addCalls(db, org, slot, granted);
  return granted;
}

/** The clock was set back by more than a day: what the day before has counted counts on, as called now. */
function takeOverFromAhead(db: Connection, org: string, { slot, span }: CallsWanted): void {
  const last = prepared(db, 'SELECT last_slot FROM org WHERE id = ?').pluck().get(org) as
    | number
    | null
    | undefined;
  if (last === slot) return;
  if (last != null && last > span.to) {
    const ahead = callsWithin(db, org, dayBefore(last, span));
    if (ahead > 0) addCalls(db, org, slot, ahead);
  }
  prepared(
    db,
    'INSERT INTO org (id, last_slot) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET last_slot = excluded.last_slot',
  ).run(org, slot);
}

/** By their number and not by the clock, which may be wrong: the day that it has left counts again once it is right. */
function dropOldest(db: Connection, org: string, { from, to }: SlotSpan): void {
  prepared(
    db,
    `DELETE FROM call WHERE org = :org AND slot IN (
       SELECT slot FROM call WHERE org = :org AND slot NOT BETWEEN :from AND :to ORDER BY slot
       LIMIT max(0, (SELECT count(*) FROM call WHERE org = :org) - ${mostSlots}))`,
  ).run({ org, from, to });
}

function callsWithin(db: Connection, org: string, { from, to }: SlotSpan): number {
  return prepared(db, 'SELECT coalesce(sum(calls), 0) FROM call WHERE org = ? AND slot BETWEEN ? AND ?')
    .pluck()
    .get(org, from, to) as number;
}

export function giveCallsBack(db: Connection, org: string, { slot, calls }: SlotCalls): void {
  prepared(db, 'UPDATE call SET calls = max(0, calls - ?) WHERE org = ? AND slot = ?').run(calls, org, slot);
}

export function saveReported(db: Connection, org: string, { used, max, at, app }: ReportedUsage): void {
  prepared(
    db,
    `INSERT INTO org (id, used, max, at, app_used, app_max) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET used = excluded.used, max = excluded.max, at = excluded.at,
       app_used = excluded.app_used, app_max = excluded.app_max
     WHERE at IS NULL OR excluded.at >= at OR at > excluded.at + ${mostAheadMs}`,
  ).run(org, used, max, at, app?.used ?? null, app?.max ?? null);
}

interface OrgRow {
  used: number | null;
  max: number;
  at: number;
  app_used: number | null;
  app_max: number;
}

export function readReported(db: Connection, org: string): ReportedUsage | null {
  const row = prepared(db, 'SELECT used, max, at, app_used, app_max FROM org WHERE id = ?').get(org) as
    | OrgRow
    | undefined;
  if (row === undefined || row.used === null) return null;
  const app = row.app_used === null ? null : { used: row.app_used, max: row.app_max };
  return { used: row.used, max: row.max, at: row.at, app };
}

export function takeLook(
  db: Connection,
  org: string,
  { now, everyMs }: { now: number; everyMs: number },
): boolean {
  const { changes } = prepared(
    db,
    `INSERT INTO org (id, looked_at) VALUES (:org, :now)
       ON CONFLICT (id) DO UPDATE SET looked_at = :now
       WHERE looked_at IS NULL OR abs(:now - looked_at) >= :everyMs`,
  ).run({ org, now, everyMs });
  return changes > 0;
}

export function saveStretched(db: Connection, org: string, stretched: StretchedInterval | null): void {
  prepared(
    db,
    `INSERT INTO org (id, interval_ms, stretched_ms, stretched_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET interval_ms = excluded.interval_ms, stretched_ms = excluded.stretched_ms,
       stretched_at = excluded.stretched_at`,
  ).run(org, stretched?.intervalMs ?? null, stretched?.stretchedMs ?? null, stretched?.at ?? null);
}

export function readStretched(db: Connection, org: string): StretchedInterval | null {
  const row = prepared(
    db,
    'SELECT interval_ms AS intervalMs, stretched_ms AS stretchedMs, stretched_at AS at FROM org WHERE id = ?',
  ).get(org) as StretchedInterval | { stretchedMs: null } | undefined;
  return row === undefined || row.stretchedMs === null ? null : (row as StretchedInterval);
}

/** When the counts of this org were lost, ms since 1970; null where none were, or where they were made up for. */
export function readLoss(db: Connection, org: string): number | null {
  const at = prepared(
    db,
    'SELECT at FROM loss WHERE NOT EXISTS (SELECT 1 FROM org WHERE id = ? AND counted_loss = loss.at)',
  )
    .pluck()
    .get(org) as number | undefined;
  return at ?? null;
}

/** Notes that what was called before `at` is not known; false where a loss stands there already. */
export function beginLoss(db: Connection, at: number): boolean {
  return (
    prepared(db, 'INSERT INTO loss (at) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM loss)').run(at).changes > 0
  );
}

export function noteLost(db: Connection, org: string, slots: readonly SlotCalls[]): void {
  const at = readLoss(db, org);
  if (at === null) return;
  for (const { slot, calls } of slots) addCalls(db, org, slot, calls);
  prepared(
    db,
    `INSERT INTO org (id, counted_loss) VALUES (?, ?)
     ON CONFLICT (id) DO UPDATE SET counted_loss = excluded.counted_loss`,
  ).run(org, at);
}

const restColumns = { pull: 'not_before', push: 'push_not_before' } as const satisfies Record<
  keyof AskedRest,
  string
>;

export function saveRest(db: Connection, org: string, kind: keyof AskedRest, until: number): void {
  const column = restColumns[kind];
  prepared(
    db,
    `INSERT INTO org (id, ${column}) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET ${column} = excluded.${column}`,
  ).run(org, until);
}

/** What could not be noted when it was said, unless a later rest was asked for meanwhile. */
export function saveLateRest(db: Connection, org: string, { pull, push }: AskedRest): void {
  const later = (column: string) =>
    `${column} = coalesce(max(${column}, excluded.${column}), ${column}, excluded.${column})`;
  prepared(
    db,
    `INSERT INTO org (id, not_before, push_not_before) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET ${later('not_before')}, ${later('push_not_before')}`,
  ).run(org, pull, push);
}

export function readRest(db: Connection, org: string): AskedRest {
  const rest = prepared(db, 'SELECT not_before AS pull, push_not_before AS push FROM org WHERE id = ?').get(
    org,
  ) as AskedRest | undefined;
  return rest ?? noRest;
}

function addCalls(db: Connection, org: string, slot: number, calls: number): void {
  prepared(
    db,
    `INSERT INTO call (org, slot, calls) VALUES (?, ?, ?)
     ON CONFLICT (org, slot) DO UPDATE SET calls = calls + excluded.calls`,
  ).run(org, slot, calls);
}
