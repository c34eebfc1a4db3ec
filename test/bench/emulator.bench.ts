/**
 * How fast the emulator answers, so that it is never what another benchmark measures.
 *
 *   node test/bench/emulator.bench.ts                        1,000,000 contacts
 *   node test/bench/emulator.bench.ts --contacts 100000      another size
 *
 * The emulator runs in this process and the reader in a worker. "cpu" is the emulator's own thread, from which follow
 * the contacts a second of one core; "wall" has the reader and the machine's other load in it.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Emulator } from '../../src/emulator/index.ts';
import { startEmulator } from '../../src/emulator/index.ts';

const { values: flags } = parseArgs({ options: { contacts: { type: 'string', default: '1000000' } } });
const contacts = Number(flags.contacts);

/** Reads one address to its end as fast as it comes; the caller's thread is the emulator's alone. */
const readerSource = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', async ({ url, token, path }) => {
    const start = performance.now();
    const response = await fetch(url + path, {
      headers: { authorization: 'Bearer ' + token, 'accept-encoding': 'identity', 'content-type': 'application/json' },
    });
    let bytes = 0;
    const kept = [];
    for await (const block of response.body) { bytes += block.length; if (bytes < 10e6) kept.push(block); }
    parentPort.postMessage({
      ms: performance.now() - start, bytes, status: response.status,
      locator: response.headers.get('sforce-locator'), rows: Number(response.headers.get('sforce-numberofrecords')),
      text: bytes < 10e6 ? Buffer.concat(kept).toString() : '',
    });
  });`;

interface Reading {
  readonly ms: number;
  readonly bytes: number;
  readonly status: number;
  readonly locator: string | null;
  readonly rows: number;
  readonly text: string;
}

const reader = new Worker(readerSource, { eval: true });

async function read({ url, accessToken }: Emulator, path: string): Promise<Reading> {
  reader.postMessage({ url, token: accessToken, path: path.startsWith('/') ? path : `${base}/${path}` });
  const [reading] = (await once(reader, 'message')) as [Reading];
  if (reading.status !== 200) throw new Error(`${path}: ${reading.status} ${reading.text}`);
  return reading;
}

const base = '/services/data/v62.0';
const queryPath = (soql: string) => `query?q=${encodeURIComponent(soql)}`;
const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
const rate = (rows: number, ms: number) => `${Math.round((rows / ms) * 1000).toLocaleString('en-US')}/s`;
const line = (what: string, ...facts: string[]) => console.log(`${what.padEnd(62)} ${facts.join(' · ')}`);

/** The CPU time of this thread, in milliseconds. */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

async function createJob({ url, accessToken }: Emulator): Promise<string> {
  const described = await fetch(`${url}${base}/sobjects/Contact/describe`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  const { fields } = (await described.json()) as { fields: { name: string; type: string }[] };
  const names = fields.filter(({ type }) => type !== 'address').map(({ name }) => name);
  const created = await fetch(`${url}${base}/jobs/query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ operation: 'query', query: `SELECT ${names.join(', ')} FROM Contact` }),
  });
  const { id } = (await created.json()) as { id: string };
  for (;;) {
    const { text } = await read(emulator, `jobs/query/${id}`);
    const { state } = JSON.parse(text) as { state: string };
    if (state === 'JobComplete') return id;
    if (state === 'Failed') throw new Error(text);
  }
}

async function benchBulk(): Promise<void> {
  const created = performance.now();
  const creating = threadCpuMs();
  const id = await createJob(emulator);
  line(
    'bulk job until JobComplete (its rows are rendered into a file)',
    `${rate(contacts, threadCpuMs() - creating)} on one core`,
    `${((performance.now() - created) / 1000).toFixed(1)} s wall`,
  );
  const cpu = threadCpuMs();
  const start = performance.now();
  let rows = 0;
  let bytes = 0;
  let peak = 0;
  for (let locator: string | null = ''; locator !== 'null'; ) {
    const page: Reading = await read(
      emulator,
      `jobs/query/${id}/results?${locator ? `locator=${locator}` : ''}`,
    );
    ({ locator } = page);
    rows += page.rows;
    bytes += page.bytes;
    peak = Math.max(peak, process.memoryUsage.rss());
  }
  const spent = threadCpuMs() - cpu;
  line(
    `bulk result pages, ${rows.toLocaleString('en-US')} contacts, every field`,
    `${rate(rows, spent)} on one core`,
    `${rate(rows, performance.now() - start)} wall`,
    megabytes(bytes),
    `rss at most ${megabytes(peak)}`,
  );
}

async function benchPages(): Promise<void> {
  const first = JSON.parse(
    (await read(emulator, queryPath('SELECT Id, LastName, Email FROM Contact'))).text,
  ) as {
    nextRecordsUrl: string;
  };
  const cpus: number[] = [];
  let next: string | undefined = first.nextRecordsUrl;
  for (let n = 0; n < 50 && next; n++) {
    const cpu = threadCpuMs();
    const { text } = await read(emulator, next);
    cpus.push(threadCpuMs() - cpu);
    next = (JSON.parse(text) as { nextRecordsUrl?: string }).nextRecordsUrl;
  }
  const sorted = cpus.toSorted((a, b) => a - b);
  line(
    'query page of 2,000, three fields',
    `${sorted[Math.floor(sorted.length / 2)]?.toFixed(1)} ms (median, cpu)`,
  );
}

async function benchCall(what: string, path: string): Promise<void> {
  const first = (await read(emulator, path)).ms;
  const again: number[] = [];
  for (let n = 0; n < 3; n++) again.push((await read(emulator, path)).ms);
  line(what, `${first.toFixed(0)} ms at first`, `${Math.min(...again).toFixed(1)} ms again`);
}

const started = performance.now();
const emulator = await startEmulator({ contacts, dailyLimit: 1_000_000 });
line(
  `start with ${contacts.toLocaleString('en-US')} contacts`,
  `${((performance.now() - started) / 1000).toFixed(1)} s`,
  `${megabytes(process.memoryUsage.rss())} rss`,
);
try {
  await benchPages();
  const queries: Record<string, string> = {
    'first page of a query of all': 'SELECT Id, LastName FROM Contact',
    'COUNT()': 'SELECT COUNT() FROM Contact',
    'rows by month (GROUP BY)':
      'SELECT CALENDAR_YEAR(CreatedDate), CALENDAR_MONTH(CreatedDate), COUNT(Id) FROM Contact GROUP BY CALENDAR_YEAR(CreatedDate), CALENDAR_MONTH(CreatedDate)',
    'ORDER BY CreatedDate, Id LIMIT 2000': 'SELECT Id FROM Contact ORDER BY CreatedDate, Id LIMIT 2000',
    'paging by CreatedDate and Id':
      "SELECT Id FROM Contact WHERE (CreatedDate > 2023-01-01T00:00:00Z OR (CreatedDate = 2023-01-01T00:00:00Z AND Id > '003000000000000')) ORDER BY CreatedDate, Id LIMIT 2000",
    'MIN and MAX of CreatedDate': 'SELECT MIN(CreatedDate), MAX(CreatedDate) FROM Contact',
  };
  for (const [what, soql] of Object.entries(queries)) await benchCall(what, queryPath(soql));
  const end = new Date().toISOString();
  const yesterday = new Date(Date.now() - 86_400_000).toISOString();
  await fetch(`${emulator.url}/__emulator/touch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ count: 2_000 }),
  });
  await benchCall('updated over a day, 2,000 ids', `sobjects/Contact/updated?start=${yesterday}&end=${end}`);
  await benchBulk();
} finally {
  await emulator.close();
  await reader.terminate();
}
