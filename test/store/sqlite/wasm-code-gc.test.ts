import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const child = new URL('./writer-threads-child.mjs', import.meta.url).pathname;
const source = new URL('../../../src/store/sqlite/writer/writer-client.ts', import.meta.url).href;

it('writer threads that come and go from source never start the collector of WebAssembly code', async () => {
  const args = ['--trace-wasm-code-gc', child, source, '20'];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 16 * 1024 * 1024 });
  expect(stdout.trim().split('\n').at(-1)).toBe('done');
  expect(stdout.split('\n').filter((line) => line.includes('[wasm-gc] Triggering GC'))).toEqual([]);
});
