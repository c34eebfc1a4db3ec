import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { mirrorPath } from '../../../src/store/sqlite/mirror-path.ts';
import { repeats } from '../../support/deep.ts';
import { chunkRows, crashChunks, crashRows, crashUrl } from './crash-child.ts';

const kills = repeats(12);
const script = fileURLToPath(new URL('./crash-child.ts', import.meta.url));

interface Ran {
  ended: NodeJS.Signals | number | null;
  /** From its beginning with its pages. */
  workedMs: number;
}

/** Runs the child and kills it `delayMs` after it begins with its pages; null lets it end. */
function runChild(folder: string, delayMs: number | null): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    let timer: NodeJS.Timeout | undefined;
    let begunAt = performance.now();
    child.stdout.once('data', () => {
      begunAt = performance.now();
      if (delayMs !== null) timer = setTimeout(() => child.kill('SIGKILL'), delayMs);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      resolve({ ended: signal ?? code, workedMs: performance.now() - begunAt });
    });
  });
}

interface Found {
  done: number;
  pending: number;
}

/** The mirror holds exactly the rows of the chunks that say they are done. */
function checkMirror(path: string): Found {
  const db = new Database(path, { readonly: true });
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    const chunks = db.prepare('SELECT spec, position, state, rows FROM chunk').all() as {
      spec: string;
      position: string | null;
      state: string;
      rows: number;
    }[];
    const done = chunks.filter(({ state }) => state === 'done');
    for (const { spec, position, rows } of done) expect([position, rows]).toEqual([spec, crashRows]);
    for (const { position, rows } of chunks.filter(({ state }) => state === 'pending'))
      expect([position, rows]).toEqual([null, 0]);
    const expected = done.flatMap(({ spec }) =>
      chunkRows((JSON.parse(spec) as { from: number }).from).map(({ Id }) => Id),
    );
    const stored = db.prepare('SELECT Id FROM contact ORDER BY Id').pluck().all();
    expect(stored).toEqual(expected.sort());
    const cursor = db.prepare("SELECT at FROM cursor WHERE name = 'updated'").pluck().get();
    expect(cursor === undefined).toBe(done.length === 0);
    return { done: done.length, pending: chunks.length - done.length };
  } finally {
    db.close();
  }
}

test(`kill -9 at ${kills} random instants: the mirror holds the committed pages with their progress, and goes on from there`, async () => {
  let midway = 0;
  // So that the instants lie within its work, however fast the machine is.
  let wholeMs = 150;
  // Kills that all came too early or too late would have shown nothing.
  for (let n = 0; n < kills || (midway === 0 && n < 10 * kills); n++) {
    const folder = mkdtempSync(join(tmpdir(), 'parahack-crash-'));
    try {
      const path = mirrorPath(folder, crashUrl);
      const { ended } = await runChild(folder, Math.random() * wholeMs);
      expect([0, 'SIGKILL']).toContain(ended);
      const found = checkMirror(path);
      if (found.done > 0 && found.pending > 0) midway++;
      const rest = await runChild(folder, null);
      expect(rest.ended).toBe(0);
      if (found.done === 0) wholeMs = rest.workedMs;
      expect(checkMirror(path)).toEqual({ done: crashChunks, pending: 0 });
      const spools = join(folder, '.spool');
      expect(existsSync(spools) ? readdirSync(spools) : []).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  expect(midway).toBeGreaterThan(0);
}, 600_000);
