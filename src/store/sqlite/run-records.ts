import { randomUUID } from 'node:crypto';
import { isoTime } from '../../base/iso-time.ts';
import type { Chunk, NewChunk, Run, RunKind, RunOutcome, RunStatus, RunStep } from '../../sync/ports/run.ts';
import type { Connection } from './connection.ts';

interface RunRow {
  id: string;
  kind: RunKind;
  status: RunStatus;
  started_at: string;
  finished_at: string | null;
  counts: string;
  api_calls: number;
  state: string;
  error_code: string | null;
  error_message: string | null;
  error_hint: string | null;
}

interface ChunkRow {
  id: number;
  run_id: string;
  kind: string;
  spec: string;
  position: string | null;
  state: Chunk['state'];
  rows: number;
}

export function insertRun(db: Connection, kind: RunKind, at: number, state: Record<string, unknown>): string {
  const id = randomUUID();
  db.prepare("INSERT INTO run (id, kind, status, started_at, state) VALUES (?, ?, 'running', ?, ?)").run(
    id,
    kind,
    isoTime(at),
    JSON.stringify(state),
  );
  return id;
}

export function insertStep(db: Connection, runId: string, step: RunStep): void {
  db.prepare(
    'INSERT INTO run_step (run_id, name, started_at, finished_at, counts, note) VALUES (?, ?, ?, ?, ?, ?)',
  ).run(
    runId,
    step.name,
    isoTime(step.startedAt),
    isoTime(step.finishedAt),
    JSON.stringify(step.counts),
    step.note,
  );
}

/** The outcome's counts are laid over those that the run has. */
export function endRun(db: Connection, runId: string, outcome: RunOutcome): void {
  const run = findRun(db, runId);
  if (run === null) return;
  db.prepare(
    `UPDATE run SET status = ?, finished_at = ?, counts = ?, api_calls = ?, error_code = ?, error_message = ?,
       error_hint = ? WHERE id = ?`,
  ).run(
    outcome.status,
    isoTime(outcome.finishedAt),
    JSON.stringify({ ...run.counts, ...outcome.counts }),
    outcome.apiCalls,
    outcome.error?.code ?? null,
    outcome.error?.message ?? null,
    outcome.error?.hint ?? null,
    runId,
  );
}

export function findRun(db: Connection, runId: string): Run | null {
  const row = db.prepare('SELECT * FROM run WHERE id = ?').get(runId) as RunRow | undefined;
  return row === undefined ? null : toRun(row);
}

/** Newest first. */
export function listRuns(
  db: Connection,
  filter: { kind?: RunKind; status?: RunStatus; limit: number },
): Run[] {
  const rows = db
    .prepare(
      `SELECT * FROM run WHERE (:kind IS NULL OR kind = :kind) AND (:status IS NULL OR status = :status)
       ORDER BY seq DESC LIMIT :limit`,
    )
    .all({ kind: filter.kind ?? null, status: filter.status ?? null, limit: filter.limit }) as RunRow[];
  return rows.map(toRun);
}

/** Runs whose id begins with `prefix`, newest first. */
export function findRunsByPrefix(db: Connection, prefix: string): Run[] {
  const rows = db
    .prepare('SELECT * FROM run WHERE substr(id, 1, length(:prefix)) = :prefix ORDER BY seq DESC')
    .all({ prefix }) as RunRow[];
  return rows.map(toRun);
}

export function listSteps(db: Connection, runId: string): RunStep[] {
  const rows = db.prepare('SELECT * FROM run_step WHERE run_id = ? ORDER BY id').all(runId) as {
    name: string;
    started_at: string;
    finished_at: string;
    counts: string;
    note: string | null;
  }[];
  return rows.map((row) => ({
    name: row.name,
    startedAt: Date.parse(row.started_at),
    finishedAt: Date.parse(row.finished_at),
    counts: JSON.parse(row.counts) as Record<string, number>,
    note: row.note,
  }));
}

export function insertChunks(db: Connection, runId: string, chunks: readonly NewChunk[]): Chunk[] {
  const insert = db.prepare('INSERT INTO chunk (run_id, kind, spec) VALUES (?, ?, ?)');
  return chunks.map(({ kind, spec }) => ({
    id: Number(insert.run(runId, kind, JSON.stringify(spec)).lastInsertRowid),
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

function toRun(row: RunRow): Run {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    startedAt: Date.parse(row.started_at),
    finishedAt: row.finished_at === null ? null : Date.parse(row.finished_at),
    counts: JSON.parse(row.counts) as Record<string, number>,
    apiCalls: row.api_calls,
    state: JSON.parse(row.state) as Record<string, unknown>,
    error:
      row.error_code === null
        ? null
        : { code: row.error_code, message: row.error_message ?? '', hint: row.error_hint },
  };
}
