import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';

/**
 * The main job from end to end against the local org, by the command line alone: login, backfill, a change by
 * somebody else, a watch cycle, a push. Everything lies in a temporary folder that is removed at the end; the
 * credentials go to the encrypted file store, so nobody's keychain is touched.
 */

const bin = new URL('../../bin/parahack-sync.js', import.meta.url).pathname;
const folder = await mkdtemp(join(tmpdir(), 'parahack-sync-demo-'));
const env: NodeJS.ProcessEnv = {
  ...process.env,
  PARAHACK_SYNC_DATA_DIR: join(folder, 'data'),
  PARAHACK_SYNC_CREDENTIAL_STORE: 'file',
  PARAHACK_SYNC_CREDENTIAL_KEY: 'only for this demo',
};
// What the user has set for real orgs must not lead the demo there.
for (const name of [
  'INSTANCE_URL',
  'ACCESS_TOKEN',
  'CLIENT_ID',
  'CLIENT_SECRET',
  'LOGIN_URL',
  'CREDENTIAL_DIR',
]) {
  delete env[`PARAHACK_SYNC_${name}`];
}
const running = new Set<ChildProcess>();
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

function start(args: string[], stderr: 'inherit' | 'ignore' = 'inherit'): ChildProcess {
  const child = spawn(process.execPath, [bin, ...args], { env, stdio: ['ignore', 'pipe', stderr] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  stop.signal.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
  return child;
}

async function firstLine(child: ChildProcess): Promise<Record<string, string>> {
  for await (const line of createInterface({ input: child.stdout! })) return JSON.parse(line);
  throw new Error('The command ended without a word.');
}

/** Runs a command as a user would and shows both. */
async function run(...args: string[]): Promise<void> {
  say(`\n$ parahack-sync ${args.map((arg) => (/^[\w./:=,-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')}`);
  const child = start(args);
  child.stdout!.pipe(process.stdout, { end: false });
  const [code] = await once(child, 'exit');
  if (stop.signal.aborted) throw new Error('interrupted');
  if (code !== 0) throw new Error(`parahack-sync ${args[0]} ended with exit code ${code}.`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function asAnotherUser(url: string, path: string, body: unknown): Promise<{ ids: string[] }> {
  const response = await fetch(`${url}/__emulator/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as { ids: string[] };
}

/** Plays the browser's part: opens the URL and follows it to the callback. */
async function login(org: Record<string, string>): Promise<void> {
  const args = [
    'login',
    '--no-browser',
    '--json',
    '--instance-url',
    org.url!,
    '--alias',
    'demo',
    '--client-id',
    org.clientId!,
  ];
  say(`\n$ parahack-sync ${args.join(' ')}`);
  const child = start(args);
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout! });
  for await (const line of lines) {
    const said = JSON.parse(line);
    if (said.event === 'login:url') {
      say('  (a browser opens the login page; the demo org approves by itself)');
      await fetch(said.url, { signal: stop.signal });
    } else if (said.org) say(`  logged in as ${said.org.username}, org ${said.org.orgId}`);
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`parahack-sync login ended with exit code ${code}.`);
}

function showRows(org: Record<string, string>, ids: string[]): void {
  const file = join(folder, 'data', 'orgs', `${new URL(org.url!).host.replace(':', '_')}.db`);
  const sql = `select Id, Name, Email, Title, _gone from contact where Id in (${ids.map(() => '?').join(',')})`;
  say(`\n$ sqlite3 ${file.replace(folder, '…')} "${sql.replace(/\(\?.*\)/, '(…)')}"`);
  const db = new Database(file, { readonly: true });
  try {
    for (const row of db.prepare(sql).raw().all(ids) as unknown[][]) {
      say(`  ${row.map((value) => value ?? '-').join(' | ')}`);
    }
  } finally {
    db.close();
  }
}

async function showCalls(org: Record<string, string>): Promise<void> {
  const calls = (await (await fetch(`${org.url}/__emulator/calls`)).json()) as {
    method: string;
    path: string;
  }[];
  const counts = new Map<string, number>();
  for (const { method, path } of calls) {
    const route = `${method} ${path
      .replace(/\?.*/, '')
      .replace(/\b[0-9a-zA-Z]{15,18}\b/g, '…')
      .replace(/^\/services\/(data\/v[\d.]+\/)?/, '')}`;
    counts.set(route, (counts.get(route) ?? 0) + 1);
  }
  say('\nWhat was called:');
  for (const [route, count] of [...counts].sort((a, b) => b[1] - a[1]))
    say(`  ${String(count).padStart(4)}  ${route}`);
}

try {
  say('A local Salesforce org with 10,000 contacts starts …');
  const emulator = start([
    'emulator',
    '--contacts',
    '10000',
    '--auto-approve',
    '--rotate-refresh-tokens',
    '--json',
    // It says on stderr that it is told to end.
    '--quiet',
  ]);
  const org = await firstLine(emulator);
  say(`  ${org.url} (its page shows what happens)`);

  await login(org);
  await run('backfill');

  say('\nSomebody else changes two contacts in Salesforce, deletes one and creates one …');
  const url = org.url!;
  const touched = await asAnotherUser(url, 'touch', { count: 2, set: { Title: 'Chief Demo Officer' } });
  const deleted = await asAnotherUser(url, 'delete', { count: 1 });
  const created = await asAnotherUser(url, 'contacts', { count: 1, seed: 7 });
  await run('watch', '--once');
  showRows(org, [...touched.ids, ...deleted.ids, ...created.ids]);

  const file = join(folder, 'contact.json');
  const contact = { FirstName: 'Ada', LastName: 'Lovelace', Email: 'ada@example.com' };
  await writeFile(file, JSON.stringify(contact));
  say(`\ncontact.json: ${JSON.stringify(contact)}`);
  await run('push', file);
  await run('contacts', 'search', 'Lovelace');
  await run('status');
  await showCalls(org);
} catch (error) {
  if (!stop.signal.aborted) process.stderr.write(`\n${error instanceof Error ? error.message : error}\n`);
  process.exitCode = stop.signal.aborted ? 130 : 1;
} finally {
  const ends = [...running].map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(ends);
  await rm(folder, { recursive: true, force: true });
}
