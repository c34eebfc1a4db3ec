import { randomUUID } from 'node:crypto';
import { isoTime } from '../../base/iso-time.ts';
import type { Run, RunFilter, RunKind, RunOutcome, RunStatus, RunStep } from '../../sync/ports/run.ts';
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

export function insertRun(
  db: Connection,
  object: string,
  kind: RunKind,
  at: number,
  state: Record<string, unknown>,
): string {
  const id = randomUUID();
  db.prepare(
    "INSERT INTO run (object, id, kind, status, started_at, state) VALUES (?, ?, ?, 'running', ?, ?)",
  ).run(object, id, kind, isoTime(at), JSON.stringify(state));
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

export function saveRunState(db: Connection, runId: string, state: Record<string, unknown>): void {
  db.prepare('UPDATE run SET state = ? WHERE id = ?').run(JSON.stringify(state), runId);
}

export function findRun(db: Connection, runId: string): Run | null {
  const row = db.prepare('SELECT * FROM run WHERE id = ?').get(runId) as RunRow | undefined;
  return row === undefined ? null : toRun(row);
}

/** Newest first. */
export function listRuns(db: Connection, object: string, { kind, status, prefix, limit }: RunFilter): Run[] {
  const rows = db
    .prepare(
      `SELECT * FROM run WHERE object = :object AND (:kind IS NULL OR kind = :kind) AND (:status IS NULL OR status = :status)
         AND substr(id, 1, length(:prefix)) = :prefix
       ORDER BY seq DESC LIMIT :limit`,
    )
    .all({
      object,
      kind: kind ?? null,
      status: status ?? null,
      prefix: prefix ?? '',
      limit: limit ?? -1,
    }) as RunRow[];
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
