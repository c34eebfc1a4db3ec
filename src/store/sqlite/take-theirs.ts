import type { Connection } from '../../sqlite/connection.ts';
import type { OutboxEntry } from '../../sync/ports/outbox-entry.ts';
import { entryOf, moveEntries, type OutboxRow } from './outbox-records.ts';

type Values = Readonly<Record<string, unknown>>;

/** See `Outbox.takeTheirs`. The caller holds the transaction. */
export function takeTheirs(db: Connection, keys: readonly string[], at: number): string[] {
  const rows = db
    .prepare("SELECT * FROM outbox WHERE state = 'conflict' AND key IN (SELECT value FROM json_each(?))")
    .all(JSON.stringify(keys)) as OutboxRow[];
  const amend = db.prepare('UPDATE outbox SET changes = ?, base = ? WHERE key = ?');
  const waiting: string[] = [];
  for (const entry of rows.map(entryOf)) {
    const rest = undisputed(entry);
    if (rest === null) continue;
    amend.run(JSON.stringify(rest.changes), rest.base && JSON.stringify(rest.base), entry.key);
    waiting.push(entry.key);
  }
  moveEntries(db, waiting, ['conflict'], 'pending', at);
  moveEntries(db, keys, ['conflict'], 'dropped', at);
  return rows.map(({ key }) => key);
}

/**
 * What an update by a program changes besides the fields that its conflict names, with what that is based on; null where
 * nothing is left of it.
 */
function undisputed({
  op,
  local,
  changes,
  base,
  errors,
}: OutboxEntry): { changes: Values; base: Values | null } | null {
  if (!local || op !== 'update') return null;
  const disputed = new Set(errors.flatMap(({ fields }) => fields));
  const isLeft = (name: string) => !disputed.has(name);
  if (disputed.size === 0 || !Object.keys(changes).some(isLeft)) return null;
  return { changes: only(changes, isLeft), base: base && only(base, isLeft) };
}

function only(values: Values, isIn: (name: string) => boolean): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => isIn(name)));
}
