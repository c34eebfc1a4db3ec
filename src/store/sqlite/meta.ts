import type { Connection } from '../../sqlite/connection.ts';
import { prepared } from './prepared.ts';

/** A key of what is kept for each object apart. */
export function objectKey(key: string): (object: string) => string {
  return (object) => `${key}.${object}`;
}

export function readMeta(db: Connection, key: string): string | null {
  return (
    (prepared(db, 'SELECT value FROM meta WHERE key = ?').pluck().get(key) as string | undefined) ?? null
  );
}

export function writeMeta(db: Connection, key: string, value: string | null): void {
  prepared(
    db,
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  ).run(key, value);
}
