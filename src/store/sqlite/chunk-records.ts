import type { Connection } from '../../sqlite/connection.ts';
import type { AdvanceChunk } from '../../sync/ports/effect.ts';
import type { PageOutcome } from '../../sync/ports/page.ts';
import type { ChunkState, NewStoredChunk, StoredChunk } from '../../sync/ports/run.ts';
import { prepared } from './prepared.ts';
import { addToRun } from './run-records.ts';
import { storedJson } from './stored-json.ts';

interface ChunkRow {
  id: number;
  run_id: string;
  kind: string;
  spec: string;
  position: string | null;
  state: ChunkState;
  rows: number;
}

function insertChunks(
  db: Connection,
  object: string,
  runId: string,
  chunks: readonly NewStoredChunk[],
): StoredChunk[] {
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

export function listChunks(db: Connection, runId: string, state?: ChunkState): StoredChunk[] {
  const rows = db
    .prepare('SELECT * FROM chunk WHERE run_id = :runId AND (:state IS NULL OR state = :state) ORDER BY id')
    .all({ runId, state: state ?? null }) as ChunkRow[];
  return rows.map(toChunk);
}

export function findChunk(db: Connection, id: number): StoredChunk | null {
  const row = prepared(db, 'SELECT * FROM chunk WHERE id = ?').get(id) as ChunkRow | undefined;
  return row === undefined ? null : toChunk(row);
}

/** The chunks `ids` become done; returns those that take their place, none where the first of `ids` is done already. */
export function replaceChunks(
  db: Connection,
  object: string,
  runId: string,
  ids: readonly number[],
  by: readonly NewStoredChunk[],
): StoredChunk[] {
  const old = ids.map((id) => findChunk(db, id));
  const stranger = old.findIndex((chunk) => chunk?.runId !== runId);
  if (stranger >= 0) throw new Error(`There is no chunk ${ids[stranger]} in this run.`);
  if (old[0]?.state === 'done') return [];
  const end = db.prepare("UPDATE chunk SET state = 'done' WHERE id = ?");
  for (const id of ids) end.run(id);
  return insertChunks(db, object, runId, by);
}

/** Whether the chunk is done now; null where it is no more as the one who advances it knew it. */
export function advanceChunk(
  db: Connection,
  advance: AdvanceChunk,
  page: PageOutcome | null,
): boolean | null {
  const chunk = findChunk(db, advance.id);
  if (chunk === null) throw new Error(`There is no chunk ${advance.id}.`);
  const isAsKnown = chunk.rows === advance.from.rows && (chunk.position !== null) === advance.from.isBegun;
  const isMine = isAsKnown && chunk.state === 'pending';
  if (page !== null) addToRun(db, chunk.runId, { counts: countsOf(page, isMine), apiCalls: 0 });
  if (!isMine) return null;
  let { position } = advance;
  // An empty page leaves the chunk where it was: there is no last row to go on from.
  if (position === 'last-key') position = page?.lastKey ? { ...page.lastKey } : null;
  const done = isDone(advance.state, page);
  prepared(
    db,
    'UPDATE chunk SET position = coalesce(?, position), state = ?, rows = rows + ? WHERE id = ?',
  ).run(
    position === null ? null : JSON.stringify(position),
    done ? 'done' : 'pending',
    page?.rows ?? 0,
    advance.id,
  );
  return done;
}

function countsOf(
  { rows, inserted, updated, unchanged }: PageOutcome,
  isMine: boolean,
): Record<string, number> {
  return isMine ? { rows, inserted, updated, unchanged } : { inserted, updated };
}

function toChunk(row: ChunkRow): StoredChunk {
  return {
    id: row.id,
    runId: row.run_id,
    kind: row.kind,
    spec: storedJson(row.spec),
    position: row.position === null ? null : storedJson(row.position),
    state: row.state,
    rows: row.rows,
  };
}

function isDone(state: AdvanceChunk['state'], page: PageOutcome | null): boolean {
  if (typeof state === 'string') return state === 'done';
  return page?.done === true && page.rows < state.doneBelow;
}
