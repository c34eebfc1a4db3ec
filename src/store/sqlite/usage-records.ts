import type { Connection } from '../../sqlite/connection.ts';
import type { ApiUsage } from '../../sync/ports/usage-ledger.ts';
import { readMeta, writeMeta } from './meta.ts';

const reportedKey = 'api_usage';

export function addApiCalls(db: Connection, hour: number, calls: number): void {
  db.prepare(
    `INSERT INTO api_call (hour, calls) VALUES (?, ?)
     ON CONFLICT (hour) DO UPDATE SET calls = calls + excluded.calls`,
  ).run(hour, calls);
}

export function apiCallsSince(db: Connection, hour: number): number {
  return db
    .prepare('SELECT coalesce(sum(calls), 0) FROM api_call WHERE hour >= ?')
    .pluck()
    .get(hour) as number;
}

export function readReportedUsage(db: Connection): ApiUsage | null {
  const usage = readMeta(db, reportedKey);
  return usage === null ? null : (JSON.parse(usage) as ApiUsage);
}

export function saveReportedUsage(db: Connection, usage: ApiUsage): void {
  writeMeta(db, reportedKey, JSON.stringify(usage));
}
