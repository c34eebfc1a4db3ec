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

/** Runs the child and kills it `delayMs` after it begins with its pages; null lets it end. */
function runChild(folder: string, delayMs: number | null): Promise<NodeJS.Signals | number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    let timer: NodeJS.Timeout | undefined;
    child.stdout.once('data', () => {
      if (delayMs !== null) timer = setTimeout(() => child.kill('SIGKILL'), delayMs);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      resolve(signal ?? code);
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
  for (let n = 0; n < kills; n++) {
    const folder = mkdtempSync(join(tmpdir(), 'parahack-crash-'));
    try {
      const path = mirrorPath(folder, crashUrl);
      const ended = await runChild(folder, Math.random() * 150);
      expect([0, 'SIGKILL']).toContain(ended);
      const found = checkMirror(path);
      if (found.done > 0 && found.pending > 0) midway++;
      expect(await runChild(folder, null)).toBe(0);
      expect(checkMirror(path)).toEqual({ done: crashChunks, pending: 0 });
      const spools = join(folder, '.spool');
      expect(existsSync(spools) ? readdirSync(spools) : []).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  // Kills that all came too early or too late would have shown nothing.
  expect(midway).toBeGreaterThan(0);
}, 600_000);
