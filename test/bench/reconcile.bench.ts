/**
 * What a reconcile costs beside a first copy of the same org: calls, seconds, memory, as whole processes.
 *
 *   npm run bench:reconcile                          100,000 contacts
 *   npm run bench:reconcile -- --contacts 1000000
 *
 * A thousand contacts differ: 400 changed, 300 new, 300 deleted. The cursors are set back by 40 days, so that no cycle
 * would find them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import { type Measured, measure } from './measure.ts';

const { values: flags } = parseArgs({ options: { contacts: { type: 'string', default: '100000' } } });
const bin = new URL('../../bin/parahack-sync.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-bench-'));
const fortyDaysMs = 40 * 86_400_000;

interface Org {
  url: string;
  accessToken: string;
  stop(): Promise<void>;
}

async function startOrg(contacts: number): Promise<Org> {
  const args = [bin, 'emulator', '--contacts', String(contacts), '--custom-fields', '8', '--json'];
  const child = spawn(process.execPath, [...args, '--daily-limit', '10000000'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
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

async function control(org: Org, path: string, body: object): Promise<void> {
  const response = await fetch(`${org.url}/__emulator/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
}

async function compare(contacts: number): Promise<void> {
  const org = await startOrg(contacts);
  try {
    await control(org, 'settings', { bulkJobMs: 0, gzip: false });
    const env = {
      ...process.env,
      PARAHACK_SYNC_DATA_DIR: join(folder, String(contacts)),
      PARAHACK_SYNC_CREDENTIAL_STORE: 'memory',
      PARAHACK_SYNC_INSTANCE_URL: org.url,
      PARAHACK_SYNC_ACCESS_TOKEN: org.accessToken,
      PARAHACK_SYNC_API_BUDGET: '1',
    };
    const run = (...args: string[]) => measure(process.execPath, [bin, ...args, '--json'], { env });
    const copy = await run('backfill');
    tell(contacts, 'first copy', copy, '');
    await control(org, 'touch', { count: 400, set: { Title: 'Away' } });
    await control(org, 'contacts', { count: 300, seed: 7 });
    await control(org, 'delete', { count: 300 });
    const host = new URL(org.url).host.replace(':', '_');
    const db = new Database(join(env.PARAHACK_SYNC_DATA_DIR, 'orgs', `${host}.db`));
    db.prepare('update cursor set at = ?').run(new Date(Date.now() - fortyDaysMs).toISOString());
    db.close();
    const found = await run('reconcile');
    const { checked, missing, stale, ghosts, repaired } = JSON.parse(found.stdout).orgs[0];
    tell(
      contacts,
      'reconcile',
      found,
      `${checked} checked: ${missing} missing, ${stale} stale, ${ghosts} ghosts, ${repaired} repaired`,
    );
    tell(contacts, 'reconcile again', await run('reconcile'), 'nothing differs');
    tell(contacts, 'reconcile --dry-run', await run('reconcile', '--dry-run'), '');
  } finally {
    await org.stop();
  }
}

function tell(contacts: number, what: string, { seconds, peakMB, stdout }: Measured, note: string): void {
  const { apiCalls } = JSON.parse(stdout).orgs[0] as { apiCalls: number };
  const million = 1_000_000 / contacts;
  const perMillion = `${(seconds * million).toFixed(1)} s and ${Math.round(apiCalls * million)} calls a million`;
  console.log(
    `${contacts.toLocaleString('en').padStart(9)}  ${what.padEnd(20)} ${seconds.toFixed(1).padStart(6)} s ` +
      `${String(apiCalls).padStart(5)} calls ${peakMB.toFixed(0).padStart(5)} MB   ${perMillion}${note === '' ? '' : `; ${note}`}`,
  );
}

try {
  for (const contacts of flags.contacts.split(',').map(Number)) await compare(contacts);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
