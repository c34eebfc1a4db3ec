/**
 * What a push of a large CSV file takes: peak memory of the process, and seconds, for a dry run, for creating (by
 * ingest jobs, where there are so many), and for a file in which every record has faults; against a local org in a process of its own. Then the
 * rates beside two others on the same file: a script around jsforce, and `sf data import bulk`. They take turns, for the
 * machine may be busy, and the medians are compared.
 *
 *   npm run build && npm run bench:push                          100,000 and 300,000 rows; 10,000 beside others
 *   npm run bench:push -- --rows 50000,200000 --only push        creating alone
 *   npm run bench:push -- --rows 100000 --beside 10000 --turns 3
 *   npm run bench:push -- --rows "" --sf                          installs @salesforce/cli into a temp folder first
 *   npm run bench:push -- --rows "" --sf-bin …/bin/run.js         takes the one that is there
 *   npm run bench:push -- --rows "" --beside 0 --ways 2000,20000  the same job by collections and by ingest jobs
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { measure, median } from './measure.ts';

const { values: flags } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000,300000' },
    beside: { type: 'string', default: '10000' },
    turns: { type: 'string', default: '3' },
    sf: { type: 'boolean', default: false },
    'sf-bin': { type: 'string', default: '' },
    ways: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
  },
});
const bin = new URL('../../bin/parahack-sync.js', import.meta.url).pathname;

const sampleHeader = 'LastName,FirstName,Email,Phone,Title,MailingCity,Description';

for (const rows of flags.rows.split(',').filter(Boolean).map(Number)) {
  await withOrg(0, async ({ env, folder }) => {
    const file = join(folder, 'contacts.csv');
    await writeRows(file, rows, sampleHeader);
    const wrong = join(folder, 'wrong.csv');
    await writeRows(wrong, rows, 'LastNam,FirstNam,Emial,Fon,Titel,City,Text');
    const pushed = async (what: string, more: string[], expected = 0) => {
      if (flags.only !== '' && flags.only !== what) return;
      const { seconds, peakMB, cpuSeconds, stdout } = await measure(
        process.execPath,
        [bin, 'push', ...more],
        {
          env,
          expected,
        },
      );
      const output = `${(stdout.length / 1e6).toFixed(1)} MB of output`;
      console.log(
        `${rows} rows, ${what}: ${Math.round(peakMB)} MB, ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of CPU, ${output}`,
      );
    };
    await pushed('dry run', [file, '--dry-run']);
    await pushed('dry run --json', [file, '--dry-run', '--json']);
    await pushed('faults --json --rejects', [wrong, '--json', '--rejects', join(folder, 'r.csv')], 2);
    await pushed('push', [file]);
    await pushed('push --json --allow-duplicates', [file, '--json', '--allow-duplicates']);
  });
}

for (const latencyMs of [0, 300]) {
  for (const rows of flags.ways.split(',').filter(Boolean).map(Number)) await bothWays(rows, latencyMs);
  if (Number(flags.beside) > 0) await beside(Number(flags.beside), latencyMs);
}

interface BenchOrg {
  url: string;
  accessToken: string;
  env: NodeJS.ProcessEnv;
  folder: string;
}

/** An empty org in a process of its own, to which a login is stored in a data folder of its own. */
async function withOrg(latencyMs: number, work: (org: BenchOrg) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-bench-'));
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PARAHACK_SYNC_DATA_DIR: join(folder, 'data'),
    PARAHACK_SYNC_CREDENTIAL_STORE: 'file',
    PARAHACK_SYNC_CREDENTIAL_KEY: 'bench',
    PARAHACK_SYNC_API_BUDGET: '1',
  };
  const args = [bin, 'emulator', '--contacts', '0', '--daily-limit', '10000000', '--json'];
  const emulator = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const { url, accessToken } = await readyOf(emulator.stdout);
    await measure(process.execPath, [bin, 'login', '--access-token-stdin', '--instance-url', url], {
      env,
      input: `${accessToken}\n`,
    });
    await fetch(`${url}/__emulator/settings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ latencyMs }),
    });
    await work({ url, accessToken, env, folder });
  } finally {
    const end = once(emulator, 'exit');
    emulator.kill('SIGTERM');
    await end;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What tells from where on ingest jobs are worth it: calls, time, processor and memory of either way. */
async function bothWays(rows: number, latencyMs: number): Promise<void> {
  for (const api of ['collections', 'bulk']) {
    await withOrg(latencyMs, async ({ url, env, folder }) => {
      const file = join(folder, 'contacts.csv');
      await writeRows(file, rows, sampleHeader);
      const { seconds, peakMB, cpuSeconds } = await measure(
        process.execPath,
        [bin, 'push', file, '--api', api],
        { env },
      );
      const calls = (await (await fetch(`${url}/__emulator/calls`)).json()) as unknown[];
      console.log(
        `${rows} rows by ${api} at ${latencyMs} ms a request: ${calls.length} calls (login included), ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of CPU, ${Math.round(peakMB)} MB`,
      );
    });
  }
}

/**
 * Each in turn into an empty org of its own, this program and the script with the token by hand; a ratio above 1: this
 * program is the faster.
 */
async function beside(rows: number, latencyMs: number): Promise<void> {
  const script = new URL('./jsforce-push.ts', import.meta.url).pathname;
  const took: Record<'push' | 'jsforce' | 'sf', number[]> = { push: [], jsforce: [], sf: [] };
  const cpu: Record<'push' | 'jsforce', number[]> = { push: [], jsforce: [] };
  let peakMB = 0;
  const sf = flags.sf
    ? await installSf()
    : flags['sf-bin'] !== ''
      ? { bin: flags['sf-bin'], folder: null }
      : null;
  try {
    for (let turn = 0; turn < Number(flags.turns); turn++) {
      await withOrg(latencyMs, async ({ url, accessToken, env, folder }) => {
        const file = join(folder, 'contacts.csv');
        await writeRows(file, rows, sampleHeader);
        // As the script is: opening a passphrase's credential file is to take a third of a second (`bench:start`).
        const given = { PARAHACK_SYNC_INSTANCE_URL: url, PARAHACK_SYNC_ACCESS_TOKEN: accessToken };
        const pushed = await measure(process.execPath, [bin, 'push', file], { env: { ...env, ...given } });
        took.push.push(pushed.seconds);
        cpu.push.push(pushed.cpuSeconds);
        peakMB = Math.max(peakMB, pushed.peakMB);
      });
      await withOrg(latencyMs, async ({ url, accessToken, env, folder }) => {
        const file = join(folder, 'contacts.csv');
        await writeRows(file, rows, sampleHeader);
        const other = await measure(process.execPath, [script, url, accessToken, file], { env });
        took.jsforce.push(other.seconds);
        cpu.jsforce.push(other.cpuSeconds);
      });
      if (sf === null) continue;
      await withOrg(latencyMs, async ({ url, accessToken, env, folder }) => {
        const file = join(folder, 'contacts.csv');
        await writeRows(file, rows, sampleHeader);
        took.sf.push(await importBySf(sf.bin, file, { url, accessToken, env, folder }));
      });
    }
  } finally {
    if (sf !== null && sf.folder !== null) rmSync(sf.folder, { recursive: true, force: true });
  }
  const own = median(took.push);
  console.log(
    `${rows} rows at ${latencyMs} ms a request: push ${own.toFixed(1)} s, ${median(cpu.push).toFixed(1)} s of CPU (jsforce ${median(cpu.jsforce).toFixed(1)}), ${Math.round(peakMB)} MB at most; load ${loadavg()[0]?.toFixed(1)}`,
  );
  for (const [name, seconds] of [
    ['jsforce', took.jsforce],
    ['sf data import bulk', took.sf],
  ] as const) {
    if (seconds.length === 0) continue;
    const other = median(seconds);
    console.log(`  ${name} ${other.toFixed(1)} s: push is ${(other / own).toFixed(2)} times as fast`);
  }
}

async function installSf(): Promise<{ bin: string; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-sf-'));
  await measure('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '@salesforce/cli'], {});
  return { bin: join(folder, 'node_modules/@salesforce/cli/bin/run.js'), folder };
}

/** Seconds of the import alone. */
async function importBySf(
  sf: string,
  file: string,
  { url, accessToken, env, folder }: BenchOrg,
): Promise<number> {
  const own = {
    ...env,
    HOME: folder,
    SF_ACCESS_TOKEN: accessToken,
    SF_DISABLE_TELEMETRY: 'true',
    SF_AUTOUPDATE_DISABLE: 'true',
    SF_SKIP_NEW_VERSION_CHECK: 'true',
    SF_USE_GENERIC_UNIX_KEYCHAIN: 'true',
  };
  const run = (...args: string[]) => measure(process.execPath, [sf, ...args], { env: own });
  await run('org', 'login', 'access-token', '--instance-url', url, '--alias', 'bench', '--no-prompt');
  const { seconds } = await run(
    ...['data', 'import', 'bulk', '--file', file, '--sobject', 'Contact', '--target-org', 'bench'],
    ...['--wait', '10', '--line-ending', 'LF'],
  );
  return seconds;
}

async function readyOf(stdout: NodeJS.ReadableStream): Promise<{ url: string; accessToken: string }> {
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line);
  throw new Error('The emulator did not start.');
}

async function writeRows(file: string, rows: number, header: string): Promise<void> {
  const out = createWriteStream(file);
  out.write(`${header}\n`);
  for (let i = 0; i < rows; i++) {
    const text = `"Met at stand ${i}, wants ""prices"""`;
    const row = `Bench ${i},Given,bench${i}@example.com,+49 30 ${i},Head of ${i % 90},Berlin,${text}\n`;
    if (!out.write(row)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
}
