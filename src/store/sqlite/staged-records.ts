import { isoTime } from '../../base/iso-time.ts';
import { jsonOf } from '../../base/number-text.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { StagingCounts, StagingRecord } from '../../sync/ports/outbox-staging.ts';
import { RecordDigest } from '../record-digest.ts';
import { prepared } from './prepared.ts';

/** Stores the records of a push, and keeps of them what would take reading all of them again. */
export class StagedRecords {
  readonly #digest = new RecordDigest();
  #replaces = false;
  /** Which of the two its records are, by source. */
  readonly #kinds = new Map<string, { creates: boolean; others: boolean }>();

  /** With the faults that each was found to have; to be called in a transaction. */
  add(db: Connection, records: readonly StagingRecord[]): void {
    const insert = prepared(
      db,
      `INSERT INTO entry (source, place, line, key, op, contact_key, contact_id, changes, base, upsert_field,
         allow_duplicates, atomic_group, created_at, unique_value, given, replaces)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const refuse = prepared(db, 'INSERT INTO fault (entry, field, code, message) VALUES (?, ?, ?, ?)');
    for (const record of records) {
      const { source, index, line, entry, uniqueValue, faults, given, replaces } = record;
      const changes = JSON.stringify(entry.changes);
      const { lastInsertRowid } = insert.run(
        source,
        index,
        line,
        entry.key,
        entry.op,
        entry.contactKey,
        entry.contactId,
        changes,
        entry.base === null ? null : JSON.stringify(entry.base),
        entry.upsertField,
        entry.allowDuplicates ? 1 : 0,
        entry.atomicGroup,
        isoTime(entry.createdAt),
        uniqueValue,
        given === null ? null : jsonOf(given),
        replaces,
      );
      for (const { field, code, message } of faults) refuse.run(lastInsertRowid, field, code, message);
      this.#digest.add(record, changes);
      this.#note(record);
    }
  }

  #note({ source, entry, replaces }: StagingRecord): void {
    if (replaces !== null) this.#replaces = true;
    const kinds = this.#kinds.get(source) ?? { creates: false, others: false };
    kinds[entry.op === 'create' ? 'creates' : 'others'] = true;
    this.#kinds.set(source, kinds);
  }

  /** Whether some record names an entry. */
  get replaces(): boolean {
    return this.#replaces;
  }

  /** Whether some source has creates and others. */
  get isMixed(): boolean {
    return [...this.#kinds.values()].some(({ creates, others }) => creates && others);
  }

  digest(): string {
    return this.#digest.text();
  }
}

export function countRecords(db: Connection): StagingCounts {
  return db
    .prepare(
      `SELECT count(*) AS records,
         count(*) FILTER (WHERE op = 'create' AND upsert_field IS NULL) AS creates,
         count(*) FILTER (WHERE op = 'update') AS updates,
         count(*) FILTER (WHERE op = 'delete') AS deletes,
         count(*) FILTER (WHERE op = 'create' AND upsert_field IS NOT NULL) AS upserts,
         (SELECT count(*) FROM fault) AS faults,
         (SELECT count(DISTINCT entry) FROM fault) AS faulty
       FROM entry`,
    )
    .get() as StagingCounts;
}
