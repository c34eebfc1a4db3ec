import type { Connection } from '../../sqlite/connection.ts';
import type { RecordError } from '../../sync/ports/record-writes.ts';
import { givenUp, givenUpCode } from './edit-base.ts';
import { insertPart, partOf } from './entry-part.ts';
import { closeEntry, type LocalEntry, type Values } from './local-entries.ts';
import { prepared } from './prepared.ts';

/**
 * The fields of a refused edit that cannot be written any more are given up, in an entry of their own that nobody sends, or in this
 * one where nothing is left of it. Returns their values.
 */
export function giveUpGone(db: Connection, refused: LocalEntry, writeable: ReadonlySet<string>): Values {
  const gone = partOf(refused, (name) => !writeable.has(name));
  const fields = Object.keys(gone.changes);
  if (fields.length === 0) return {};
  const errors: RecordError[] = [{ code: givenUpCode, message: `${fields.join(', ')}${givenUp}`, fields }];
  if (fields.length === Object.keys(refused.changes).length) {
    closeEntry(db, refused);
    prepared(
      db,
      'UPDATE outbox SET errors = ?, error_code = ?, error_message = ?, error_fields = ? WHERE seq = ?',
    ).run(JSON.stringify(errors), givenUpCode, errors[0]!.message, JSON.stringify(fields), refused.seq);
  } else {
    const { key, now } = prepared(db, `SELECT key, unixepoch() * 1000 AS now FROM outbox WHERE seq = ?`).get(
      refused.seq,
    ) as { key: string; now: number };
    insertPart(db, key, gone, { state: 'dropped', errors, at: now });
  }
  return { ...gone.changes };
}
