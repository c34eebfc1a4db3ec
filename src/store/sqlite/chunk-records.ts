import type { AdvanceChunk } from '../../sync/ports/effect.ts';
import type { PageOutcome } from '../../sync/ports/page.ts';
import type { Chunk, NewChunk } from '../../sync/ports/run.ts';
import type { Connection } from './connection.ts';
import { prepared } from './prepared.ts';

interface ChunkRow {
  id: number;
  run_id: string;
  kind: string;
  spec: string;
  position: string | null;
  state: Chunk['state'];
  rows: number;
}

function insertChunks(db: Connection, object: string, runId: string, chunks: readonly NewChunk[]): Chunk[] {
  const insert = db.prepare('INSERT INTO chunk (object, run_id, kind, spec) VALUES (?, ?, ?, ?)');
  return chunks.map(({ kind, spec }) => ({
    id: Number(insert.run(object, runId, kind, JSON.stringify(spec)).lastInsertRowid),
    runId,
    kind,
    spec,
    position: null,
    state: 'pending',
    rows: 0,
  }));
}

export function listChunks(db: Connection, runId: string, state?: Chunk['state']): Chunk[] {
  const rows = db
    .prepare('SELECT * FROM chunk WHERE run_id = :runId AND (:state IS NULL OR state = :state) ORDER BY id')
    .all({ runId, state: state ?? null }) as ChunkRow[];
  return rows.map((row) => ({
    id: row.id,
    runId: row.run_id,
    kind: row.kind,
    spec: JSON.parse(row.spec) as Record<string, unknown>,
    position: row.position === null ? null : (JSON.parse(row.position) as Record<string, unknown>),
    state: row.state,
    rows: row.rows,
  }));
}

/** The chunks `ids` become done; returns those that take their place. */
export function replaceChunks(
  db: Connection,
  object: string,
  runId: string,
  ids: readonly number[],
  by: readonly NewChunk[],
): Chunk[] {
  const end = db.prepare("UPDATE chunk SET state = 'done' WHERE id = ? AND run_id = ?");
  for (const id of ids) {
    if (end.run(id, runId).changes !== 1) throw new Error(`There is no chunk ${id} in this run.`);
  }
  return insertChunks(db, object, runId, by);
}

/** Whether the chunk is done now. */
export function advanceChunk(db: Connection, advance: AdvanceChunk, page: PageOutcome | null): boolean {
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

function isDone(state: AdvanceChunk['state'], page: PageOutcome | null): boolean {
  if (typeof state === 'string') return state === 'done';
  return page?.done === true && page.rows < state.doneBelow;
}
