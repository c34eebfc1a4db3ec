import type { ConflictPolicy } from '../../org/conflict-policy.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { MirrorTwoWay, TwoWay } from '../../sync/ports/two-way.ts';
import { readMeta, writeMeta } from './meta.ts';
import { prepared } from './prepared.ts';
import type { TwoWayMode } from './two-way-mode.ts';

/** Keys of `meta`. What a person has set stays when a fresh copy takes the mirror's place. */
export const twoWayKeys = { on: 'two_way', conflicts: 'conflicts', commits: 'local_commits' } as const;

export function readTwoWay(db: Connection): TwoWay {
  return {
    on: readMeta(db, twoWayKeys.on) === 'on',
    conflicts: (readMeta(db, twoWayKeys.conflicts) ?? 'salesforce-wins') as ConflictPolicy,
  };
}

export function readMirrorTwoWay(db: Connection): MirrorTwoWay {
  return { ...readTwoWay(db), isSet: readMeta(db, twoWayKeys.on) !== null };
}

/** SQL: a watch that looks sees that something new waits to be sent. */
export const countCommit = `UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = '${twoWayKeys.commits}'`;

/**
 * How often programs have written to the view, and people have let entries go or queued some; only ever compared with an
 * earlier answer.
 */
export function readLocalCommits(db: Connection): number {
  return Number(readMeta(db, twoWayKeys.commits) ?? 0);
}

export function twoWayModeOf(db: Connection): TwoWayMode {
  if (readTwoWay(db).on) return 'on';
  return prepared(db, 'SELECT EXISTS (SELECT 1 FROM contact_local)').pluck().get() === 1 ? 'ending' : 'off';
}

/** The caller makes the view anew. */
export function writeTwoWay(db: Connection, change: Partial<TwoWay>): void {
  const { on, conflicts } = { ...readTwoWay(db), ...change };
  writeMeta(db, twoWayKeys.on, on ? 'on' : 'off');
  writeMeta(db, twoWayKeys.conflicts, conflicts);
  if (readMeta(db, twoWayKeys.commits) === null) writeMeta(db, twoWayKeys.commits, '0');
}

/** All local rows are made anew at the end of the transaction. */
export function markAllLocalDue(db: Connection): void {
  db.exec(`INSERT OR IGNORE INTO contact_due (_key, entry) SELECT _key, 0 FROM contact_local`);
}

/**
 * The local rows of these contacts are made anew at the end of the transaction. `columns`: of a page that lies in the
 * attached spool file; null where none does.
 */
export function markLocalDue(
  db: Connection,
  tombstones: readonly { id: string }[],
  columns: readonly string[] | null,
): void {
  if (tombstones.length === 0 && columns === null) return;
  if (prepared(db, 'SELECT 1 FROM contact_local LIMIT 1').get() === undefined) return;
  const ofContact = prepared(
    db,
    `INSERT OR IGNORE INTO contact_due (_key, entry) SELECT _key, 0 FROM contact_local WHERE Id = ?`,
  );
  for (const { id } of tombstones) ofContact.run(id);
  if (columns === null) return;
  prepared(
    db,
    `INSERT OR IGNORE INTO contact_due (_key, entry)
     SELECT l._key, 0 FROM spool.page p CROSS JOIN contact_local l ON l.Id = p.c${columns.indexOf('Id')}`,
  ).run();
}
