import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, linkSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { abortReason } from '../../../src/base/abort.ts';
import { openSources } from '../../../src/cli/input/input-source.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'parahack-input-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const stdin = Readable.from([]) as unknown as NodeJS.ReadStream;
const { signal } = new AbortController();
const open = (...files: string[]) => openSources(files, { stdin, cwd }, { signal });

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += Buffer.from(chunk).toString();
  return text;
}

describe('every file is looked at before the first is read', () => {
  test.each([
    ['nowhere.csv', 'nowhere.csv does not exist.'],
    ['.', '. is a folder.'],
    ['', 'The name of a file is empty.'],
    ['a.csv/b.csv', 'a.csv/b.csv does not exist.'],
    ['./a.csv', './a.csv and a.csv are the same file.'],
    ['a.csv', 'a.csv is given twice.'],
    ['hard.csv', 'hard.csv and a.csv are the same file.'],
    ['soft.csv', 'soft.csv and a.csv are the same file.'],
    ['book.xlsx', 'book.xlsx: this is an Excel workbook, or another zip file, not text.'],
    ['a.csv.gz', 'a.csv.gz: this is compressed (gzip).'],
  ])('%s', async (file, message) => {
    writeFileSync(join(cwd, 'a.csv'), 'LastName\nNg\n');
    linkSync(join(cwd, 'a.csv'), join(cwd, 'hard.csv'));
    symlinkSync('a.csv', join(cwd, 'soft.csv'));
    writeFileSync(join(cwd, 'book.xlsx'), 'PK\x03\x04');
    writeFileSync(join(cwd, 'a.csv.gz'), Buffer.from([0x1f, 0x8b, 8]));
    await expect(open('a.csv', file)).rejects.toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', message, hint: expect.any(String) }),
    );
  });

  test.skipIf(process.getuid?.() === 0)('a file that may not be read', async () => {
    writeFileSync(join(cwd, 'secret.csv'), 'a\n');
    chmodSync(join(cwd, 'secret.csv'), 0o200);
    await expect(open('secret.csv')).rejects.toThrow('secret.csv may not be read.');
  });

  test('JSON in place of a file name is told how to come in', async () => {
    await expect(open('{"LastName":"Ng"}')).rejects.toThrow(
      expect.objectContaining({ hint: expect.stringContaining('Pipe the JSON in') }),
    );
  });

  test('standard input only once', async () => {
    await expect(open('-', '-')).rejects.toThrow('Standard input can be read only once.');
  });
});

test('a file larger than a chunk is read whole', async () => {
  const text = 'x'.repeat(200_000);
  writeFileSync(join(cwd, 'a.csv'), text);
  const [source] = await open('a.csv');
  expect(await textOf(source!.chunks())).toBe(text);
});

test('the end of a command that waits for standard input comes at once', async () => {
  const controller = new AbortController();
  const slow = new PassThrough();
  const io = { stdin: slow as unknown as NodeJS.ReadStream, cwd };
  const [source] = await openSources([], io, { signal: controller.signal });
  slow.write('LastName\n');
  const read: string[] = [];
  const reading = (async () => {
    for await (const chunk of source!.chunks()) {
      read.push(String(chunk));
      controller.abort(abortReason());
    }
  })();
  await expect(reading).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  expect(read).toEqual(['LastName\n']);
  expect(slow.destroyed).toBe(true);
});

describe.skipIf(process.platform === 'win32')('a named pipe', () => {
  test('waits for who writes into it, and is read to the end', async () => {
    const fifo = join(cwd, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const [source] = await open('fifo');
    const reading = textOf(source!.chunks());
    const writer = spawn('sh', ['-c', `exec > "$1"; printf 'LastName\n'; printf 'Ng\n'`, 'sh', fifo]);
    expect(await reading).toBe('LastName\nNg\n');
    expect(writer.pid).toBeDefined();
  });

  test('that nobody writes into does not hold the process', async () => {
    execFileSync('mkfifo', [join(cwd, 'fifo')]);
    const controller = new AbortController();
    const [source] = await openSources(['fifo'], { stdin, cwd }, { signal: controller.signal });
    const reading = textOf(source!.chunks());
    controller.abort(abortReason());
    await expect(reading).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  });
});
