// Plain JavaScript, so that the main thread needs no type stripper of its own: `writer-threads-child.mjs SOURCE COUNT`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [, , source, count] = process.argv;
const { WriterClient } = await import(source);
const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-threads-'));
for (let i = 0; i < Number(count); i++) {
  const client = new WriterClient();
  await client.open('mirror', join(folder, `${i}.db`), true);
  await client.stop();
}
rmSync(folder, { recursive: true, force: true });
process.stdout.write('done\n');
