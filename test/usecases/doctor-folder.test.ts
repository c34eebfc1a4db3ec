import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkFolder } from '../../src/usecases/doctor-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-doctor-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const check = (free: number | null) =>
  checkFolder(folder, { name: 'data folder', freeBytes: async () => free });

it('a folder is written to, and left as it was', async () => {
  expect(await checkFolder(folder, { name: 'data folder', freeBytes: async () => 2 ** 40 })).toBe(
    `${folder} can be written`,
  );
  // Not every file system says.
  expect(await check(null)).toBe(`${folder} can be written`);
  expect(readdirSync(folder)).toEqual([]);
});

it('a disk that is nearly full is a warning', async () => {
  expect(await check(12.5 * 2 ** 20)).toEqual({
    name: 'data folder',
    status: 'warn',
    message: `${folder} can be written, but its disk has 12 MB free`,
    hint: expect.stringContaining('Make room'),
  });
});

it('a folder that is not there cannot be written', async () => {
  await expect(checkFolder(join(folder, 'gone'), { name: 'data folder' })).rejects.toMatchObject({
    code: 'DATA_DIR_UNWRITABLE',
    message: expect.stringContaining('cannot be written (ENOENT)'),
  });
});
