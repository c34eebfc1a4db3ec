/**
 * What a push of a large CSV file takes: peak memory of the process, and seconds, for a dry run, for creating by
 * ingest jobs and by collections, and for a file in which every record has faults; against a local org in a process of its own.
 *
 *   npm run build && npm run bench:push                          100,000 and 300,000 rows
 *   npm run bench:push -- --rows 100000
 *   npm run bench:push -- --rows 50000,200000 --only push        creating alone, by ingest jobs
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { measure } from './measure.ts';

const { values: flags } = parseArgs({
  options: { rows: { type: 'string', default: '100000,300000' }, only: { type: 'string', default: '' } },
});
const bin = new URL('../../bin/parahack-sync.js', import.meta.url).pathname;

for (const rows of flags.rows.split(',').map(Number)) {
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
    const org = await readyOf(emulator.stdout);
    await measure(process.execPath, [bin, 'login', '--access-token-stdin', '--instance-url', org.url], {
      env,
      input: `${org.accessToken}\n`,
    });
    const file = join(folder, 'contacts.csv');
    await writeRows(file, rows, 'LastName,FirstName,Email,Phone,Title,MailingCity,Description');
    const wrong = join(folder, 'wrong.csv');
    await writeRows(wrong, rows, 'LastNam,FirstNam,Emial,Fon,Titel,City,Text');
    const pushed = async (what: string, more: string[], expected = 0) => {
      if (flags.only !== '' && flags.only !== what) return;
      const { seconds, peakMB, stdout } = await measure(process.execPath, [bin, 'push', ...more], {
        env,
        expected,
      });
      const output = `${(stdout.length / 1e6).toFixed(1)} MB of output`;
      console.log(`${rows} rows, ${what}: ${Math.round(peakMB)} MB, ${seconds.toFixed(1)} s, ${output}`);
    };
    await pushed('dry run', [file, '--dry-run']);
    await pushed('dry run --json', [file, '--dry-run', '--json']);
    await pushed('faults --json --rejects', [wrong, '--json', '--rejects', join(folder, 'r.csv')], 2);
    await pushed('push', [file]);
    await pushed('push --json --allow-duplicates', [file, '--json', '--allow-duplicates']);
  } finally {
    const end = once(emulator, 'exit');
    emulator.kill('SIGTERM');
    await end;
    rmSync(folder, { recursive: true, force: true });
  }
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
