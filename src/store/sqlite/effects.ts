import { isoTime } from '../../base/iso-time.ts';
import type { BatchOutcome, ChunkAdvance, Cursors, Effects } from '../../sync/ports/mirror.ts';
import type { PageOutcome } from '../../sync/ports/page.ts';
import type { Chunk } from '../../sync/ports/run.ts';
import type { Connection } from './connection.ts';
import { markFilled } from './contact-schema.ts';
import { prepared } from './prepared.ts';
import { endRun, insertChunks } from './run-records.ts';

export type EffectsOutcome = Pick<BatchOutcome, 'chunkDone' | 'addedChunks'>;

/** Applies what is committed together with rows; the caller holds the transaction. */
export function applyEffects(db: Connection, effects: Effects, page: PageOutcome | null): EffectsOutcome {
  if (effects.cursors) moveCursors(db, effects.cursors);
  if (effects.firstCursors) setFirstCursors(db, effects.firstCursors);
  const chunkDone = effects.chunk ? advanceChunk(db, effects.chunk, page) : null;
  const addedChunks = effects.replaceChunks ? replaceChunks(db, effects.replaceChunks) : [];
  if (effects.runState) {
    const { id, state } = effects.runState;
    db.prepare('UPDATE run SET state = ? WHERE id = ?').run(JSON.stringify(state), id);
  }
  if (effects.finishRun) endRun(db, effects.finishRun.id, effects.finishRun.outcome);
  if (effects.readBack) clearReadBack(db, effects.readBack);
  if (effects.filledFields) markFilled(db, effects.filledFields);
  return { chunkDone, addedChunks };
}

function replaceChunks(db: Connection, { runId, ids, by }: NonNullable<Effects['replaceChunks']>): Chunk[] {
  const end = db.prepare("UPDATE chunk SET state = 'done' WHERE id = ? AND run_id = ?");
  for (const id of ids) {
    if (end.run(id, runId).changes !== 1) throw new Error(`There is no chunk ${id} in this run.`);
  }
  return insertChunks(db, runId, by);
}

export function readCursors(db: Connection): Cursors {
  const rows = db.prepare('SELECT name, at FROM cursor').all() as { name: keyof Cursors; at: string }[];
  const cursors: Cursors = { updated: null, deleted: null };
  for (const { name, at } of rows) cursors[name] = Date.parse(at);
  return cursors;
}

/** Forward only: times are stored in a form that sorts. */
function moveCursors(db: Connection, cursors: Partial<Cursors>): void {
  const move = db.prepare(
    `INSERT INTO cursor (name, at) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE excluded.at > at`,
  );
  for (const name of ['updated', 'deleted'] as const) {
    const at = cursors[name];
    if (at !== undefined && at !== null) move.run(name, isoTime(at));
  }
}

function setFirstCursors(db: Connection, cursors: { updated: number; deleted: number }): void {
  const known = readCursors(db);
  if (known.updated === null && known.deleted === null) moveCursors(db, cursors);
}

function advanceChunk(db: Connection, advance: ChunkAdvance, page: PageOutcome | null): boolean {
  let { position } = advance;
  // An empty page leaves the chunk where it was: there is no last row to go on from.
  if (position === 'last-key') position = page?.lastKey ? { ...page.lastKey } : null;
  const done = isDone(advance.state, page);
  const changed = prepared(
    db,
    'UPDATE chunk SET position = coalesce(?, position), state = ?, rows = rows + ? WHERE id = ?',
  ).run(
    position === null ? null : JSON.stringify(position),
    done ? 'done' : 'pending',
    page?.rows ?? 0,
    advance.id,
  ).changes;
  if (changed !== 1) throw new Error(`There is no chunk ${advance.id}.`);
  return done;
}

function isDone(state: ChunkAdvance['state'], page: PageOutcome | null): boolean {
  if (typeof state === 'string') return state === 'done';
  return page?.done === true && page.rows < state.doneBelow;
}

/** The contact is in the mirror now, so that it can carry the key that the application knows it by. */
export function clearReadBack(db: Connection, keys: readonly string[]): void {
  const adopt = db.prepare(
    `UPDATE contact SET _key = o.contact_key FROM outbox o
     WHERE o.key = ? AND contact.Id = o.contact_id AND o.op = 'create' AND contact._key IS NULL
       AND o.contact_key <> o.contact_id`,
  );
  const clear = db.prepare('UPDATE outbox SET read_back_due = 0 WHERE key = ?');
  for (const key of keys) {
    adopt.run(key);
    clear.run(key);
  }
}
