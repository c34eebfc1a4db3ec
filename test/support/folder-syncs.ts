import { fstatSync, readdirSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { vi } from 'vitest';

/** What lies in `folder` at each sync of it from now on: such names stay through a power cut. */
export async function watchFolderSyncs(folder: string): Promise<string[][]> {
  const handle = await open(folder, 'r');
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  await handle.close();
  const seen: string[][] = [];
  const { sync } = prototype;
  vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
    if (fstatSync(this.fd).ino === statSync(folder).ino) seen.push(readdirSync(folder).sort());
    await sync.call(this);
  });
  return seen;
}
