/**
 * The store alone, without a network: bulk result pages and REST pages from a file into a mirror, beside
 * `sqlite3 .import --csv` of the same file into the same columns with the same indices.
 * `node test/bench/store.bench.ts [contacts] [rounds]`
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { columnTypeOf } from '../../src/store/fields/column-type.ts';
import { openMirrors } from '../../src/store/sqlite/open-mirrors.ts';
import type { StoredMirror } from '../../src/sync/ports/stored-mirror.ts';
import type { Blocks } from '../store/sqlite/pages.ts';
import { heldLease } from '../support/leases.ts';
import { benchFields, type CsvPages, writeBenchCsv } from './contact-csv.ts';

const contacts = Number(process.argv[2] ?? 300_000);
const rounds = Number(process.argv[3] ?? 3);
const rowsPerPage = 50_000;
const restRows = 2_000;
const parallelPages = 4;
const blockBytes = 1 << 20;
const names = benchFields.map(({ name }) => name);

const folder = mkdtempSync(join(tmpdir(), 'parahack-bench-'));
const csvPath = join(folder, 'contacts.csv');

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function rate(ms: number): number {
  return Math.round((contacts / ms) * 1_000);
}

function importBySqlite(): number {
  const path = join(folder, 'import.db');
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
  const columns = benchFields.map(
    (field) => `${field.name} ${columnTypeOf(field)}${field.name === 'Id' ? ' PRIMARY KEY NOT NULL' : ''}`,
  );
  const commands = [
    'PRAGMA journal_mode = WAL',
    'PRAGMA synchronous = NORMAL',
    `CREATE TABLE contact (${columns.join(', ')})`,
    `.import --csv --skip 1 ${csvPath} contact`,
    'CREATE INDEX contact_email ON contact (Email) WHERE Email IS NOT NULL',
    'CREATE INDEX contact_lastname ON contact (LastName) WHERE LastName IS NOT NULL',
  ];
  const began = performance.now();
  execFileSync('sqlite3', [path, ...commands], { stdio: 'ignore' });
  return performance.now() - began;
}

async function* fileBlocks(header: Buffer | null, start: number, end: number): Blocks {
  if (header !== null) yield new Uint8Array(header);
  const file = await open(csvPath);
  try {
    for (let at = start; at < end; at += blockBytes) {
      const block = new Uint8Array(Math.min(blockBytes, end - at));
      await file.read(block, 0, block.length, at);
      yield block;
    }
  } finally {
    await file.close();
  }
}

/** A fresh mirror, timed until its indices are built. */
async function timed(
  fill: (mirror: StoredMirror) => Promise<void>,
): Promise<{ ms: number; firstMs: number }> {
  const data = join(folder, 'orgs');
  rmSync(data, { recursive: true, force: true });
  await using mirrors = openMirrors({ folder: data, log: silentLogger, clock: systemClock });
  const began = performance.now();
  const mirror = await mirrors.open('https://bench.my.salesforce.com', { create: true, lease: heldLease() });
  await mirror.schema.applyDescribe({ fields: benchFields, lastModified: null }, Date.now());
  await fill(mirror);
  const firstMs = performance.now() - began;
  await mirror.contacts.ensureIndices();
  const ms = performance.now() - began;
  const { contacts: stored } = await mirror.contacts.counts();
  if (stored !== contacts) throw new Error(`The mirror holds ${stored} contacts instead of ${contacts}.`);
  await mirror[Symbol.asyncDispose]();
  return { ms, firstMs };
}

/** Takes pages from the front, some at a time. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: parallelPages }, lane));
}

function fillByCsv({ header, pages }: CsvPages): (mirror: StoredMirror) => Promise<void> {
  return (mirror) =>
    inParallel(pages, async ({ start, end, rows }) => {
      const blocks = fileBlocks(header, start, end);
      await mirror.commit({
        page: { format: 'csv', fields: names, readAt: Date.now(), expectedRows: rows, blocks },
      });
    });
}

/** Ready-made REST answers, so that making them is not measured; kept as bytes in memory. */
function restPages(count: number): Uint8Array<ArrayBuffer>[] {
  const lines = readFileSync(csvPath, 'utf8')
    .split(/\n(?="003)/)
    .slice(1, count + 1);
  const pages: Uint8Array<ArrayBuffer>[] = [];
  for (let from = 0; from < lines.length; from += restRows) {
    const records = lines.slice(from, from + restRows).map((line) => {
      const cells = line.trimEnd().slice(1, -1).split('","');
      const row = Object.fromEntries(names.map((name, i) => [name, cellOf(benchFields[i]!.type, cells[i]!)]));
      return {
        attributes: { type: 'Contact', url: `/services/data/v62.0/sobjects/Contact/${row.Id}` },
        ...row,
      };
    });
    const text = JSON.stringify({ totalSize: contacts, done: false, records });
    pages.push(new Uint8Array(new TextEncoder().encode(text)));
  }
  return pages;
}

function cellOf(type: string, cell: string): unknown {
  if (cell === '') return null;
  if (type === 'boolean') return cell === 'true';
  if (type === 'double') return Number(cell);
  return type === 'datetime' ? cell.replace('Z', '+0000') : cell.replaceAll('""', '"');
}

async function timeRest(pages: readonly Uint8Array<ArrayBuffer>[], rows: number): Promise<number> {
  const data = join(folder, 'orgs');
  rmSync(data, { recursive: true, force: true });
  await using mirrors = openMirrors({ folder: data, log: silentLogger, clock: systemClock });
  const mirror = await mirrors.open('https://bench.my.salesforce.com', { create: true, lease: heldLease() });
  await mirror.schema.applyDescribe({ fields: benchFields, lastModified: null }, Date.now());
  async function* blocks(page: Uint8Array<ArrayBuffer>): Blocks {
    for (let at = 0; at < page.length; at += blockBytes) yield page.slice(at, at + blockBytes);
  }
  const began = performance.now();
  await inParallel(pages, async (page) => {
    await mirror.commit({
      page: { format: 'query', fields: names, readAt: Date.now(), expectedRows: null, blocks: blocks(page) },
    });
  });
  const ms = performance.now() - began;
  await mirror[Symbol.asyncDispose]();
  return (rows / ms) * 1_000;
}

try {
  const csv = writeBenchCsv(csvPath, contacts, rowsPerPage);
  const hasSqlite = spawnSync('sqlite3', ['--version']).status === 0;
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    if (hasSqlite) theirs.push(importBySqlite());
    const { ms, firstMs } = await timed(fillByCsv(csv));
    ours.push(ms);
    console.log(
      `round ${round + 1}: store ${rate(ms)}/s (${rate(firstMs)}/s before the indices)${hasSqlite ? `, sqlite3 .import ${rate(theirs.at(-1)!)}/s` : ''}`,
    );
  }
  const store = median(ours);
  console.log(`\n${contacts} contacts of ${names.length} fields, indices included, median of ${rounds}`);
  console.log(`  store, bulk CSV pages of ${rowsPerPage}: ${rate(store)} contacts/s`);
  if (hasSqlite) {
    console.log(`  sqlite3 .import --csv:          ${rate(median(theirs))} contacts/s`);
    console.log(`  ratio:                          ${(median(theirs) / store).toFixed(2)}`);
  } else console.log('  sqlite3 is not installed, so there is no yardstick');
  console.log(`  peak resident memory:           ${Math.round(process.resourceUsage().maxRSS / 1_024)} MB`);
  const restCount = Math.min(contacts, 60_000);
  const pages = restPages(restCount);
  const rest = median(
    await Promise.all([0]).then(async () => [
      await timeRest(pages, restCount),
      await timeRest(pages, restCount),
      await timeRest(pages, restCount),
    ]),
  );
  console.log(`  store, REST pages of ${restRows}:      ${Math.round(rest)} contacts/s`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
