import type Database from 'better-sqlite3';
import type { Row } from '../watch/org.ts';
import { usersValueFields } from './fields.ts';
import { keptStatement } from './kept-statement.ts';
import type { Act, Edit } from './steps.ts';
import type { World } from './world.ts';

/** The fields of contacts that a program may write with the mirror as it is; those of the administrator where they are there. */
function writtenFields(world: World, shown: Row): readonly string[] {
  return usersValueFields([...world.facts.everCustom]).filter((name) => name in shown);
}

const refusals = /^(contacts|the view contacts|two-way by SQL|[A-Za-z_]+ (is|takes|cannot|can) )/;

/** One transaction of a program; what it wrote counts with its commit. Null where it was refused, as it may be. */
export function runEdits(world: World, { which, edits, commit }: Act & { act: 'program' }): string | null {
  const db = world.other(which % 2);
  const noted: (() => void)[] = [];
  const told: string[] = [];
  db.exec('BEGIN IMMEDIATE');
  try {
    for (const edit of edits) told.push(run(world, db, edit, noted));
    db.exec(commit ? 'COMMIT' : 'ROLLBACK');
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    if (!isRefusal(world, error)) throw error;
    world.count('refused edit');
    return null;
  }
  world.count(commit ? 'transaction' : 'rollback');
  if (commit) for (const note of noted) note();
  return told.join('; ');
}

/** Of a field that is gone again, and of everything where two-way is off. */
function isRefusal({ isWriting }: World, error: unknown): boolean {
  const message = (error as Error).message;
  return (
    refusals.test(message) && (!isWriting || /is no field of the org any more|no such column/.test(message))
  );
}

function run(world: World, db: Database.Database, edit: Edit, noted: (() => void)[]): string {
  if (edit.edit === 'insert') return insert(world, db, noted);
  const rows = keptStatement(db, 'SELECT * FROM contacts ORDER BY _key').all() as Row[];
  const row =
    edit.row === undefined
      ? rows[edit.pick % Math.max(1, rows.length)]
      : rows.find(({ _key }) => _key === edit.row);
  if (row === undefined && edit.row !== undefined) return `${edit.row} is gone`;
  if (row === undefined) return insert(world, db, noted);
  const key = String(row._key);
  if (edit.edit === 'delete') {
    db.prepare('DELETE FROM contacts WHERE _key = ?').run(key);
    noted.push(() => {
      world.count('delete');
      world.oracle.delete(key);
    });
    return `delete ${key}`;
  }
  const names = writtenFields(world, row);
  const fields = [...new Set(edit.fields.map((at) => names[at % names.length] as string))];
  const sets = fields.map((field, at) => {
    const was = row[field] as string | null;
    return {
      field,
      was,
      value: edit.back && at === 0 ? (was ?? world.nextValue('p')) : world.nextValue('p'),
    };
  });
  db.prepare(`UPDATE contacts SET ${sets.map(({ field }) => `${field} = ?`).join(', ')} WHERE _key = ?`).run(
    ...sets.map(({ value }) => value),
    key,
  );
  noted.push(() => {
    world.count('update');
    if (fields.some((field) => world.facts.everCustom.has(field))) world.count('edit of an added field');
    for (const { field, was, value } of sets) if (was !== value) world.oracle.update(key, field, was, value);
  });
  return `update ${key}: ${JSON.stringify(sets)}`;
}

function insert(world: World, db: Database.Database, noted: (() => void)[]): string {
  const key = world.nextKey();
  db.prepare('INSERT INTO contacts (_key, LastName, Description) VALUES (?, ?, ?)').run(key, 'Made', key);
  noted.push(() => {
    world.count('insert');
    world.oracle.insert(key);
  });
  return `insert ${key}`;
}
