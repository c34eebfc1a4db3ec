import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { Cursors } from '../../sync/ports/journal.ts';
import { objectKey, readMeta, writeMeta } from './meta.ts';
import { storedJson } from './stored-json.ts';

const windowKeys: Readonly<Record<keyof Cursors, (object: string) => string>> = {
  updated: objectKey('known_window'),
  deleted: objectKey('known_deletions'),
};
const reconciledKey = objectKey('reconciled_at');
const unheardKey = objectKey('deletions_unheard_until');

export function readCursors(db: Connection, object: string): Cursors {
  const rows = db.prepare('SELECT name, at FROM cursor WHERE object = ?').all(object) as {
    name: keyof Cursors;
    at: string;
  }[];
  const cursors: Cursors = { updated: null, deleted: null };
  for (const { name, at } of rows) cursors[name] = Date.parse(at);
  return cursors;
}

/** Forward only: times are stored in a form that sorts. */
export function moveCursors(db: Connection, object: string, cursors: Partial<Cursors>): void {
  const move = db.prepare(
    `INSERT INTO cursor (object, name, at) VALUES (?, ?, ?)
     ON CONFLICT (object, name) DO UPDATE SET at = excluded.at WHERE excluded.at > at`,
  );
  for (const name of ['updated', 'deleted'] as const) {
    const at = cursors[name];
    if (at !== undefined && at !== null) move.run(object, name, isoTime(at));
  }
}

export function setFirstCursors(
  db: Connection,
  object: string,
  {
    updated,
    deleted,
    isAgreed,
    unheardUntil,
  }: { updated: number; deleted: number; isAgreed: boolean; unheardUntil: number },
): void {
  const known = readCursors(db, object);
  if (known.updated !== null || known.deleted !== null) return;
  moveCursors(db, object, { updated, deleted });
  writeMeta(db, reconciledKey(object), isAgreed ? String(updated) : '0');
  writeUnheardUntil(db, object, unheardUntil);
}

/** Forward only, but for a cursor that lies where the org has not been. The caller holds the transaction. */
export function completeReconcile(
  db: Connection,
  object: string,
  {
    t0,
    beyond,
    isAgreed,
    unheardUntil,
  }: { t0: number; beyond: number; isAgreed: boolean; unheardUntil: number },
): void {
  db.prepare('DELETE FROM cursor WHERE object = ? AND at > ?').run(object, isoTime(beyond));
  moveCursors(db, object, { updated: t0, deleted: t0 });
  if (isAgreed) writeMeta(db, reconciledKey(object), String(t0));
  writeUnheardUntil(db, object, unheardUntil);
}

function writeUnheardUntil(db: Connection, object: string, at: number): void {
  writeMeta(db, unheardKey(object), at === 0 ? null : String(at));
}

export function readUnheardUntil(db: Connection, object: string): number {
  return Number(readMeta(db, unheardKey(object)) ?? 0);
}

/** Of all objects that have had a first copy. */
export function forgetAgreement(db: Connection): void {
  const objects = db.prepare('SELECT DISTINCT object FROM cursor').pluck().all() as string[];
  for (const object of objects) writeMeta(db, reconciledKey(object), '0');
}

export function readReconciledAt(db: Connection, object: string): number | null {
  const at = readMeta(db, reconciledKey(object));
  return at === null ? null : Number(at);
}

export function rememberWindow(
  db: Connection,
  object: string,
  of: keyof Cursors,
  window: object | null,
): void {
  writeMeta(db, windowKeys[of](object), window === null ? null : JSON.stringify(window));
}

/** Undefined where what is stored is no JSON. */
export function readKnownWindow(db: Connection, object: string, of: keyof Cursors): unknown {
  const stored = readMeta(db, windowKeys[of](object));
  return stored === null ? null : storedJson(stored);
}
