/**
 * How fast the first copy is, in ratios within one run: everything against the same emulator process, as whole
 * processes, in alternating runs, medians.
 *
 *   npm run bench                                  100,000, 300,000 and 1,000,000 contacts
 *   npm run bench -- --contacts 100000 --runs 3    one size
 *   npm run bench -- --no-latency                  without the runs at 300 ms a request
 *
 * Yardsticks: `sqlite3 .import --csv` of the same CSV into the same table with the same indices (needs the
 * sqlite3 shell), jsforce-copy.ts beside this file, and `sf data export bulk` plus .import where sf is installed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import { type Measured, measure, median } from './measure.ts';

const { values: flags } = parseArgs({
  options: {
    contacts: { type: 'string', default: '100000,300000,1000000' },
    runs: { type: 'string', default: '3' },
    'no-latency': { type: 'boolean', default: false },
  },
});
const runs = Number(flags.runs);
const latencyMs = 300;
const bin = new URL('../../bin/parahack-sync.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-bench-'));
const env: NodeJS.ProcessEnv = {
  ...process.env,
  PARAHACK_SYNC_DATA_DIR: join(folder, 'data'),
  PARAHACK_SYNC_CREDENTIAL_STORE: 'file',
  PARAHACK_SYNC_CREDENTIAL_KEY: 'bench',
  PARAHACK_SYNC_API_BUDGET: '1',
};

interface Org {
  url: string;
  accessToken: string;
  stop(): Promise<void>;
}

async function startOrg(contacts: number): Promise<Org> {
  const args = [
    bin,
    'emulator',
    '--contacts',
    String(contacts),
    '--custom-fields',
    '3',
    '--daily-limit',
    '10000000',
    '--json',
  ];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const { url, accessToken } = JSON.parse(line);
    return {
      url,
      accessToken,
      async stop() {
        const end = once(child, 'exit');
        child.kill('SIGTERM');
        await end;
      },
    };
  }
  throw new Error('the emulator did not start');
}

async function setLatency(org: Org, ms: number): Promise<void> {
  const body = JSON.stringify({ latencyMs: ms, bulkJobMs: 0, bulkPageRows: 50_000, gzip: false });
  const response = await fetch(`${org.url}/__emulator/settings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (!response.ok) throw new Error(await response.text());
}

interface Copied extends Measured {
  apiCalls: number;
  firstRowSeconds: number;
}

async function backfill(org: Org, api: 'rest' | 'bulk', ...more: string[]): Promise<Copied> {
  const file = join(folder, 'data', 'orgs', `${new URL(org.url).host.replace(':', '_')}.db`);
  for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
  const startedAt = performance.now();
  let firstRowSeconds = Number.NaN;
  const look = setInterval(() => {
    if (Number.isNaN(firstRowSeconds) && hasRow(file))
      firstRowSeconds = (performance.now() - startedAt) / 1000;
  });
  const measured = await measure(process.execPath, [bin, 'backfill', '--api', api, '--json', ...more], {
    env,
  });
  clearInterval(look);
  const { apiCalls } = JSON.parse(measured.stdout).orgs[0];
  return { ...measured, apiCalls, firstRowSeconds };
}

function hasRow(file: string): boolean {
  if (!existsSync(file)) return false;
  try {
    const db = new Database(file, { readonly: true });
    try {
      return db.prepare('select 1 from contact limit 1').get() !== undefined;
    } finally {
      db.close();
    }
  } catch {
    return false;
  }
}

/** What the yardsticks are to build: the mirror's columns with their types, and its indices. */
interface Table {
  columns: string[];
  create: string;
  indices: string[];
}

/** All contacts as one CSV, and the mirror's table for the yardsticks. */
async function exportCsv(org: Org, file: string): Promise<Table> {
  await backfill(org, 'bulk');
  const mirror = join(folder, 'data', 'orgs', `${new URL(org.url).host.replace(':', '_')}.db`);
  const db = new Database(mirror, { readonly: true });
  const all = db.prepare("select name, type from pragma_table_info('contact')").all() as {
    name: string;
    type: string;
  }[];
  const own = all.filter(({ name }) => !name.startsWith('_'));
  const indices = db
    .prepare(
      "select sql from sqlite_schema where tbl_name = 'contact' and type = 'index' and sql is not null and sql not like '%(\\_%' escape '\\'",
    )
    .pluck()
    .all() as string[];
  db.close();
  const columns = own.map(({ name }) => name);
  const create = `create table contact (${own.map(({ name, type }) => `"${name}" ${type}${name === 'Id' ? ' primary key not null' : ''}`).join(', ')})`;
  const post = async (path: string, body: unknown) =>
    fetch(`${org.url}/services/data/v62.0${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${org.accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const job = (await (
    await post('/jobs/query', { operation: 'query', query: `select ${columns.join(',')} from Contact` })
  ).json()) as { id: string };
  const authorization = `Bearer ${org.accessToken}`;
  const jobUrl = `${org.url}/services/data/v62.0/jobs/query/${job.id}`;
  for (let state = ''; state !== 'JobComplete'; ) {
    await delay(100);
    ({ state } = (await (await fetch(jobUrl, { headers: { authorization } })).json()) as { state: string });
  }
  const out = createWriteStream(file);
  let locator = '';
  for (let first = true; locator !== 'null'; first = false) {
    const query = locator === '' ? '' : `?locator=${locator}`;
    const page = await fetch(`${jobUrl}/results${query}`, { headers: { authorization } });
    if (!page.ok) throw new Error(await page.text());
    locator = page.headers.get('sforce-locator') ?? 'null';
    for await (const block of dropHeader(!first)(page.body as unknown as AsyncIterable<Uint8Array>)) {
      if (!out.write(block)) await once(out, 'drain');
    }
  }
  out.end();
  await once(out, 'close');
  return { columns, create, indices };
}

function dropHeader(drop: boolean) {
  return async function* (source: AsyncIterable<Uint8Array>) {
    let dropped = !drop;
    for await (const block of source) {
      if (dropped) {
        yield block;
        continue;
      }
      const end = block.indexOf(0x0a);
      if (end < 0) continue;
      dropped = true;
      yield block.subarray(end + 1);
    }
  };
}

/** The indices come after the import, as in the mirror. */
async function importCsv(csv: string, { create, indices }: Table): Promise<Measured> {
  const file = join(folder, 'import.db');
  for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
  const commands = [
    'pragma journal_mode = wal',
    'pragma synchronous = normal',
    create,
    `.import --csv --skip 1 ${csv} contact`,
    ...indices,
  ];
  return measure('sqlite3', [file, ...commands]);
}

async function alternate(tasks: Record<string, () => Promise<Measured>>, times: number): Promise<Results> {
  const results: Results = new Map(Object.keys(tasks).map((name) => [name, []]));
  for (let run = 0; run < times; run++) {
    for (const [name, task] of Object.entries(tasks)) {
      const measured = await task();
      results.get(name)!.push(measured);
      process.stderr.write(`  ${name}: ${measured.seconds.toFixed(1)} s\n`);
    }
  }
  return results;
}

const rows: string[][] = [];
function report(contacts: number, what: string, value: string, wanted = ''): void {
  rows.push([contacts.toLocaleString('en'), what, value, wanted]);
}

type Results = Map<string, Measured[]>;

function ratio(results: Results, name: string, than: string): string {
  const seconds = (of: string) => median((results.get(of) ?? []).map((measured) => measured.seconds));
  return (seconds(than) / seconds(name)).toFixed(2);
}

const peak = (measured: Measured[]) => Math.max(...measured.map(({ peakMB }) => peakMB));

/** Reports `name : than` where both ran. */
function compare(contacts: number, results: Results, [name, than]: [string, string], wanted: string): void {
  if (results.has(name) && results.has(than))
    report(contacts, `${name} : ${than}`, ratio(results, name, than), wanted);
}

function reportPlain(contacts: number, results: Results): void {
  for (const [name, measured] of results) {
    const rate = contacts / median(measured.map(({ seconds }) => seconds));
    report(contacts, `${name}, contacts a second`, Math.round(rate).toLocaleString('en'));
  }
  compare(contacts, results, ['bulk', 'sqlite3 .import'], '0.7 or better, 0.9 wanted');
  compare(contacts, results, ['bulk', 'jsforce'], '1.3 or better');
  compare(contacts, results, ['rest', 'jsforce'], '1.3 or better');
  compare(contacts, results, ['bulk', 'sf + .import'], '1.2 or better');
  for (const api of ['bulk', 'rest']) {
    const copies = results.get(api) as Copied[];
    const wanted = api === 'bulk' && contacts === 1_000_000 ? '60 or fewer' : '';
    report(contacts, `${api}, API calls`, String(copies[0]!.apiCalls), wanted);
    report(contacts, `${api}, peak memory, MB`, peak(copies).toFixed(0), '250 or less');
    const firstRow = median(copies.map(({ firstRowSeconds }) => firstRowSeconds));
    report(contacts, `${api}, first row after, s`, firstRow.toFixed(2));
  }
  if (results.has('sf + .import'))
    report(contacts, 'sf + .import, peak memory, MB', peak(results.get('sf + .import') ?? []).toFixed(0));
}

function reportSlow(contacts: number, results: Results): void {
  const slow = new Map([...results].map(([name, measured]) => [`${name}, ${latencyMs} ms`, measured]));
  const pair = (name: string, than: string): [string, string] => [
    `${name}, ${latencyMs} ms`,
    `${than}, ${latencyMs} ms`,
  ];
  compare(contacts, slow, pair('bulk', 'sf + .import'), '1.5 or better');
  compare(contacts, slow, pair('bulk', 'jsforce'), '5 or better');
  compare(contacts, slow, pair('rest', 'jsforce'), '5 or better');
  compare(contacts, slow, pair('rest', 'rest --concurrency 1'), '6 or better');
}

/** Peak memory of both paths. */
async function benchmark(contacts: number): Promise<{ bulk: number; rest: number }> {
  process.stderr.write(`${contacts.toLocaleString('en')} contacts\n`);
  const org = await startOrg(contacts);
  try {
    await measure(
      process.execPath,
      [bin, 'login', '--access-token-stdin', '--instance-url', org.url, '--alias', `bench${contacts}`],
      { env, input: `${org.accessToken}\n` },
    );
    await setLatency(org, 0);
    const csv = join(folder, 'contacts.csv');
    const table = await exportCsv(org, csv);
    const tasks: Record<string, () => Promise<Measured>> = {
      bulk: () => backfill(org, 'bulk'),
      rest: () => backfill(org, 'rest'),
      jsforce: () => jsforceCopy(org),
    };
    if (await has('sf')) tasks['sf + .import'] = () => sfExport(org, table);
    else report(contacts, 'sf data export bulk', 'not installed');
    const shell = await has('sqlite3');
    if (!shell) report(contacts, 'sqlite3 .import', 'not installed');
    const plain = await alternate(
      shell ? { ...tasks, 'sqlite3 .import': () => importCsv(csv, table) } : tasks,
      runs,
    );
    reportPlain(contacts, plain);
    if (!flags['no-latency']) {
      await setLatency(org, latencyMs);
      const oneByOne = () => backfill(org, 'rest', '--concurrency', '1');
      reportSlow(contacts, await alternate({ ...tasks, 'rest --concurrency 1': oneByOne }, runs));
    }
    return { bulk: peak(plain.get('bulk') ?? []), rest: peak(plain.get('rest') ?? []) };
  } finally {
    await org.stop();
    await measure(process.execPath, [bin, 'logout', '--all', '--delete-data', '--force'], { env }).catch(
      () => {},
    );
  }
}

function jsforceCopy(org: Org): Promise<Measured> {
  const file = join(folder, 'jsforce.db');
  for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
  const script = new URL('./jsforce-copy.ts', import.meta.url).pathname;
  return measure(process.execPath, [script, org.url, org.accessToken, file]);
}

async function has(command: string): Promise<boolean> {
  return measure(command, ['--version']).then(
    () => true,
    () => false,
  );
}

async function sfExport(org: Org, table: Table): Promise<Measured> {
  const out = join(folder, 'sf.csv');
  const sfEnv = {
    ...env,
    HOME: folder,
    SF_ACCESS_TOKEN: org.accessToken,
    SF_DISABLE_TELEMETRY: 'true',
    SF_AUTOUPDATE_DISABLE: 'true',
  };
  await measure(
    'sf',
    ['org', 'login', 'access-token', '--instance-url', org.url, '--no-prompt', '--alias', 'bench'],
    { env: sfEnv },
  );
  const query = `select ${table.columns.join(',')} from Contact`;
  const exported = await measure(
    'sf',
    [
      'data',
      'export',
      'bulk',
      '--query',
      query,
      '--output-file',
      out,
      '--result-format',
      'csv',
      '--wait',
      '60',
      '--target-org',
      'bench',
    ],
    { env: sfEnv },
  );
  const imported = await importCsv(out, table);
  return {
    ...imported,
    seconds: exported.seconds + imported.seconds,
    peakMB: Math.max(exported.peakMB, imported.peakMB),
  };
}

try {
  const peaks = new Map<number, { bulk: number; rest: number }>();
  for (const contacts of flags.contacts.split(',').map(Number))
    peaks.set(contacts, await benchmark(contacts));
  const [small, large] = [peaks.get(300_000), peaks.get(1_000_000)];
  if (small !== undefined && large !== undefined) {
    for (const api of ['bulk', 'rest'] as const) {
      const above = (large[api] - small[api]).toFixed(0);
      report(1_000_000, `${api}, memory above that at 300,000, MB`, above, '40 or less');
    }
  }
  const widths = [0, 1, 2].map((at) => Math.max(...rows.map((row) => row[at]!.length)));
  for (const row of rows) {
    process.stdout.write(
      `${row
        .map((cell, at) =>
          at === 0 || at === 2 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd()}\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
