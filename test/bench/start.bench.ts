/**
 * How long the small commands take, as multiples of an empty Node.js process in the same run: medians of whole
 * processes, taken in turns.
 *
 *   npm run bench:start                        100,000 and 1,000,000 contacts
 *   npm run bench:start -- --contacts 100000   one size
 *
 * The org is one of the environment, so that no passphrase is stretched: of an `orgs` with the file store that alone
 * takes a third of a second. The first turn is not counted: it fills the caches of files and of compiled code, and its
 * search makes the index that the others use.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { measure, median } from './measure.ts';

const { values: flags } = parseArgs({
  options: {
    contacts: { type: 'string', default: '100000,1000000' },
    runs: { type: 'string', default: '15' },
  },
});
const bin = new URL('../../bin/parahack-sync.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-bench-'));

try {
  for (const contacts of flags.contacts.split(',').map(Number)) await compare(contacts);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compare(contacts: number): Promise<void> {
  const env = await copyOf(contacts);
  const commands: readonly string[][] = [
    ['-e', '0'],
    [bin, '--version'],
    [bin, '--help'],
    [bin, 'orgs'],
    [bin, 'status'],
    [bin, 'contacts', 'list', '--limit', '20'],
    [bin, 'contacts', 'search', 'lovelace'],
  ];
  const seconds = commands.map(() => [] as number[]);
  for (let turn = 0; turn <= Number(flags.runs); turn++) {
    for (const [i, args] of commands.entries()) {
      const measured = await measure(process.execPath, args, { env });
      if (turn > 0) seconds[i]!.push(measured.seconds);
    }
  }
  const medians = seconds.map(median);
  process.stdout.write(`${contacts} contacts\n`);
  for (const [i, args] of commands.entries()) {
    const ratio = (medians[i]! / medians[0]!).toFixed(2);
    const name = args.join(' ').replace(bin, 'parahack-sync').replace('-e 0', 'node -e 0');
    process.stdout.write(`  ${name}: ${ratio} (${Math.round(medians[i]! * 1000)} ms)\n`);
  }
}

/** The environment of an org whose contacts are in a mirror. The org is gone; none of the commands calls it. */
async function copyOf(contacts: number): Promise<NodeJS.ProcessEnv> {
  const args = [bin, 'emulator', '--contacts', String(contacts), '--daily-limit', '10000000', '--json'];
  const emulator = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    for await (const line of createInterface({ input: emulator.stdout })) {
      const { url, accessToken } = JSON.parse(line);
      const env = {
        ...process.env,
        PARAHACK_SYNC_DATA_DIR: join(folder, String(contacts)),
        PARAHACK_SYNC_INSTANCE_URL: url,
        PARAHACK_SYNC_ACCESS_TOKEN: accessToken,
      };
      await measure(process.execPath, [bin, 'backfill', '--json'], { env });
      return env;
    }
    throw new Error('the emulator did not start');
  } finally {
    const end = once(emulator, 'exit');
    emulator.kill('SIGTERM');
    await end;
  }
}
