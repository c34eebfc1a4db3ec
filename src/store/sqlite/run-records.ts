import { randomUUID } from 'node:crypto';
import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type {
  Run,
  RunDelta,
  RunFilter,
  RunKind,
  RunOutcome,
  RunStatus,
  RunStep,
} from '../../sync/ports/run.ts';
import { prepared } from './prepared.ts';
import { storedJson } from './stored-json.ts';

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

export function insertRun(db: Connection, object: string, kind: RunKind, at: number, state: object): string {
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

export function endRun(db: Connection, runId: string, outcome: RunOutcome): void {
  addToRun(db, runId, outcome);
  db.prepare(
    `UPDATE run SET status = ?, finished_at = ?, error_code = ?, error_message = ?, error_hint = ? WHERE id = ?`,
  ).run(
    outcome.status,
    isoTime(outcome.finishedAt),
    outcome.error?.code ?? null,
    outcome.error?.message ?? null,
    outcome.error?.hint ?? null,
    runId,
  );
}

export function resumeRun(db: Connection, runId: string): void {
  db.prepare(
    `UPDATE run SET status = 'running', finished_at = NULL, error_code = NULL, error_message = NULL,
       error_hint = NULL WHERE id = ? AND status <> 'complete'`,
  ).run(runId);
}

/** Once a page, in a first copy. */
export function addToRun(db: Connection, runId: string, { counts, apiCalls }: RunDelta): void {
  const stored = prepared(db, 'SELECT counts FROM run WHERE id = ?').pluck().get(runId) as string | undefined;
  if (stored === undefined) return;
  const sums = JSON.parse(stored) as Record<string, number>;
  for (const [name, by] of Object.entries(counts)) if (by !== 0) sums[name] = (sums[name] ?? 0) + by;
  prepared(db, 'UPDATE run SET counts = ?, api_calls = api_calls + ? WHERE id = ?').run(
    JSON.stringify(sums),
    apiCalls,
    runId,
  );
}

export function patchRunState(db: Connection, runId: string, patch: object): void {
  const stored = db.prepare('SELECT state FROM run WHERE id = ?').pluck().get(runId) as string | undefined;
  if (stored === undefined) return;
  const state = { ...(JSON.parse(stored) as object), ...patch };
  db.prepare('UPDATE run SET state = ? WHERE id = ?').run(JSON.stringify(state), runId);
}

export function findRun(db: Connection, runId: string): Run | null {
  const row = db.prepare('SELECT * FROM run WHERE id = ?').get(runId) as RunRow | undefined;
  return row === undefined ? null : toRun(row);
}

/** Newest first. */
export function listRuns(db: Connection, object: string, filter: RunFilter): Run[] {
  const { kind, status, prefix = '', unless, limit = -1 } = filter;
  // Each filter has a text of its own, for only what is written as an equation finds the index.
  const where = ['object = :object', 'substr(id, 1, length(:prefix)) = :prefix'];
  if (kind !== undefined) where.push('kind = :kind');
  if (status !== undefined) where.push('status = :status');
  // What is no JSON says nothing of the kind.
  if (unless !== undefined)
    where.push("CASE WHEN json_valid(state) THEN json_extract(state, '$.' || :unless) IS NOT 1 ELSE 1 END");
  const rows = prepared(
    db,
    `SELECT * FROM run WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT :limit`,
  ).all({ object, kind, status, prefix, unless, limit }) as RunRow[];
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
    state: storedJson(row.state),
    error:
      row.error_code === null
        ? null
        : { code: row.error_code, message: row.error_message ?? '', hint: row.error_hint },
  };
}
