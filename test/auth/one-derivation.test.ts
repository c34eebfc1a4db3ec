import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openFileStore } from '../../src/auth/file-store.ts';
import { orgFor } from '../orgs/org-for.ts';

const derived = vi.hoisted(() => ({ keys: 0 }));
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  const scrypt = (...args: Parameters<typeof crypto.scrypt>) => {
    derived.keys++;
    crypto.scrypt(...args);
  };
  return { ...crypto, scrypt };
});

it('many that read at once have the key derived once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parahack-derive-'));
  const begun: number[] = [];
  const open = () =>
    openFileStore({
      folder,
      // Its thread has begun by then, and others may have this one.
      whileDeriving: () => begun.push(derived.keys),
      passphrase: async () => 'correct horse',
      withLock: (_name, work) => work({ confirm: async () => {} } as never),
    });
  try {
    const { instanceUrl } = orgFor('a');
    await open().set({ instanceUrl } as never);
    derived.keys = 0;
    const store = open();
    const read = await Promise.all(Array.from({ length: 20 }, () => store.get(instanceUrl)));
    expect(read.every((credential) => credential?.instanceUrl === instanceUrl)).toBe(true);
    expect(derived.keys).toBe(1);
    expect(begun).toEqual([1]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
