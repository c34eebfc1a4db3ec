import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import { credentialFileName } from '../../src/auth/file-store.ts';
import { openCredentialStore } from '../../src/auth/open-credential-store.ts';
import { sealKeyOf } from '../../src/auth/sealed-file.ts';
import { repeats } from '../support/deep.ts';
import { lockingIn } from '../support/leases.ts';
import fc from '../support/properties.ts';
import { credentialFor } from './salesforce-script.ts';
import { makeTempFolder } from './temp-folder.ts';

let temp: ReturnType<typeof makeTempFolder>;
let folder: string;
let path: string;
beforeEach(() => {
  temp = makeTempFolder();
  folder = join(temp.path, 'credentials');
  path = join(folder, credentialFileName);
});
afterEach(() => temp[Symbol.dispose]());

const open = (key = 'correct horse', more: { keyFile?: string } = {}) =>
  openCredentialStore({
    kind: 'file',
    key,
    folder,
    withLock: lockingIn(join(temp.path, 'locks')),
    ...more,
  });

const a = credentialFor('https://a.my.salesforce.com');
const b = credentialFor('https://b.my.salesforce.com', { privateKey: 'PEM'.repeat(1_000) });

describe('encrypted file store', () => {
  it('keeps, replaces, lists and deletes by instance URL, across processes and openings', async () => {
    expect(await open().get(a.instanceUrl)).toBeNull();
    expect(await open().list()).toEqual([]);
    await open().set(a);
    await open().set(b);
    await open().set({ ...a, accessToken: 'newer' });
    expect(await open().get(a.instanceUrl)).toEqual({ ...a, accessToken: 'newer' });
    expect(await open().list()).toEqual([{ ...a, accessToken: 'newer' }, b]);
    expect(await open().delete(a.instanceUrl)).toBe(true);
    expect(await open().delete(a.instanceUrl)).toBe(false);
    expect(await open().list()).toEqual([b]);
  });

  it('tells at a glance what needs no unsealing: no file, a damaged one, a passphrase that cannot be had', async () => {
    expect(await open().glance(a.instanceUrl)).toBeNull();
    await open().set(a);
    const store = open();
    expect(await store.glance(a.instanceUrl)).toBe('sealed');
    expect(await store.glance(b.instanceUrl)).toBe('sealed');
    await store.get(b.instanceUrl);
    expect(await store.glance(a.instanceUrl)).toEqual(a);
    expect(await store.glance(b.instanceUrl)).toBeNull();
    const keyFile = join(temp.path, 'nowhere');
    await expect(open('', { keyFile }).glance(a.instanceUrl)).rejects.toMatchObject({
      code: 'CREDENTIAL_STORE_UNAVAILABLE',
      details: { reason: 'no-key' },
    });
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 200));
    await expect(open().glance(a.instanceUrl)).rejects.toMatchObject({
      code: 'CREDENTIAL_STORE_UNAVAILABLE',
      details: { reason: 'corrupt' },
    });
  });

  it('lies on the disk without a readable secret, folder 0700 and file 0600', async () => {
    await open().set(b);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const bytes = readFileSync(path, 'latin1');
    // Three letters stand in base64 of so many bytes by chance.
    const privateKey = 'PEMPEMPEM';
    for (const secret of [
      b.accessToken,
      'refresh-0',
      privateKey,
      b.username,
      'my.salesforce',
      'correct horse',
    ]) {
      expect(bytes).not.toContain(secret);
      expect(bytes).not.toContain(Buffer.from(secret).toString('base64').replace(/=+$/, ''));
    }
  });

  it('seals every write with a new nonce and every file with a new salt', async () => {
    const parsed = () => JSON.parse(readFileSync(path, 'utf8'));
    await open().set(a);
    const first = parsed();
    await open().set(a);
    const second = parsed();
    // The OWASP Password Storage Cheat Sheet's scrypt setting with the least memory.
    expect(first.kdf).toMatchObject({ name: 'scrypt', N: 32_768, r: 8, p: 3 });
    expect(second.kdf.salt).toBe(first.kdf.salt);
    expect(second.nonce).not.toBe(first.nonce);
    rmSync(path);
    await open().set(a);
    expect(parsed().kdf.salt).not.toBe(first.kdf.salt);
  });

  it('derives the key once for many reads: the one that is known is taken where it fits', async () => {
    await open().set(a);
    const text = readFileSync(path, 'utf8');
    const known = await sealKeyOf(text, 'correct horse', null);
    expect(await sealKeyOf(text, 'correct horse', known)).toBe(known);
    await open().set(b);
    expect(await sealKeyOf(readFileSync(path, 'utf8'), 'correct horse', known)).toBe(known);
    rmSync(path);
    await open().set(a);
    expect(await sealKeyOf(readFileSync(path, 'utf8'), 'correct horse', known)).not.toBe(known);
  });

  it('reads the file anew where it is another, and only then', async () => {
    const store = open();
    await store.set(a);
    const taken = (await store.get(a.instanceUrl)) as Credential;
    taken.accessToken = 'changed by who took it';
    expect(await store.get(a.instanceUrl)).toEqual(a);
    await open().set({ ...a, accessToken: 'of another process' });
    expect((await store.get(a.instanceUrl))?.accessToken).toBe('of another process');
    expect((await store.list()).map(({ accessToken }) => accessToken)).toEqual(['of another process']);
    await open().delete(a.instanceUrl);
    expect(await store.get(a.instanceUrl)).toBeNull();
    rmSync(path);
    await open('another key').set(b);
    await expect(store.get(b.instanceUrl)).rejects.toMatchObject({ details: { reason: 'wrong-key' } });
  });

  it('tells a wrong passphrase from a damaged file', async () => {
    await open().set(a);
    await expect(open('wrong').get(a.instanceUrl)).rejects.toMatchObject({
      code: 'CREDENTIAL_STORE_UNAVAILABLE',
      details: { store: 'file', reason: 'wrong-key' },
      hint: expect.stringContaining('PARAHACK_SYNC_CREDENTIAL_STORE=keychain'),
    });
    await expect(open('wrong').set(a)).rejects.toMatchObject({ details: { reason: 'wrong-key' } });
    expect(await open().get(a.instanceUrl)).toEqual(a);
  });

  it.each([
    ['an N that is no power of two', { N: 32760 }],
    ['an N of one', { N: 1 }],
    ['an N with one digit less', { N: 3276 }],
    ['other settings than the file was sealed with', { N: 2, r: 1, p: 1 }],
  ])('takes key settings that scrypt refuses for a damaged file: %s', async (_, damaged) => {
    await open().set(a);
    const file = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...file, kdf: { ...file.kdf, ...damaged } }));
    await expect(open().get(a.instanceUrl)).rejects.toMatchObject({
      code: 'CREDENTIAL_STORE_UNAVAILABLE',
      details: { reason: expect.stringMatching(/^(corrupt|wrong-key)$/) },
    });
  });

  it('property: any changed, missing or added byte is noticed, never taken for a credential', async () => {
    await open().set(a);
    const good = readFileSync(path);
    const store = open();
    await store.get(a.instanceUrl);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.record({ at: fc.nat(good.length - 1), bit: fc.nat(7) }),
          fc.record({ cutAt: fc.nat(good.length - 2) }),
        ),
        async (damage) => {
          const bytes = Buffer.from(good);
          if ('at' in damage) bytes[damage.at] = (bytes[damage.at] ?? 0) ^ (1 << damage.bit);
          writeFileSync(path, 'cutAt' in damage ? bytes.subarray(0, damage.cutAt) : bytes);
          const outcome = await store.get(a.instanceUrl).catch((error: unknown) => error);
          // Base64 has spare bits and JSON spare blanks: what still says the same may still be read.
          if (outcome instanceof Error) {
            expect(outcome).toMatchObject({
              code: 'CREDENTIAL_STORE_UNAVAILABLE',
              details: { reason: expect.stringMatching(/^(corrupt|wrong-key)$/) },
            });
          } else {
            expect(outcome).toEqual(a);
          }
        },
      ),
      { numRuns: repeats(60) },
    );
  });

  it('refuses settings that would exhaust the machine', async () => {
    await open().set(a);
    const file = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...file, kdf: { ...file.kdf, N: 2 ** 40 } }));
    await expect(open().get(a.instanceUrl)).rejects.toMatchObject({ details: { reason: 'corrupt' } });
  });

  it('leaves no trace of a probe and says when nothing can be written', async () => {
    const store = open();
    await store.set(a);
    const before = readFileSync(path);
    await store.probeWritable();
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual([credentialFileName]);

    const blocked = openCredentialStore({
      kind: 'file',
      key: 'k',
      folder: '/dev/null/credentials',
      withLock: lockingIn(join(temp.path, 'locks')),
    });
    await expect(blocked.probeWritable()).rejects.toMatchObject({ code: 'CREDENTIAL_STORE_UNAVAILABLE' });
    await expect(blocked.set(a)).rejects.toMatchObject({ code: 'CREDENTIAL_STORE_UNAVAILABLE' });
  });

  it('says so when the disk is full, and keeps what was there', async () => {
    await open().set(a);
    // A child whose files may not grow past 512 bytes: every write of the new file fails half-way (EFBIG).
    const child = spawnSync(
      'sh',
      [
        '-c',
        'ulimit -f 1; exec "$0" "$@"',
        process.execPath,
        join(import.meta.dirname, 'store-set.ts'),
        temp.path,
        'big',
      ],
      { encoding: 'utf8' },
    );
    expect(child.stdout).toContain('CREDENTIAL_STORE_UNAVAILABLE unwritable');
    expect(await open().get(a.instanceUrl)).toEqual(a);
  });

  it('needs a key, takes it from a private file, and refuses a key file that others may read', async () => {
    const keyFile = join(temp.path, 'key');
    expect(() => open('')).toThrow(
      expect.objectContaining({
        code: 'CREDENTIAL_STORE_UNAVAILABLE',
        details: { store: 'file', reason: 'no-key' },
      }),
    );
    await expect(open('', { keyFile }).get('x')).resolves.toBeNull();
    writeFileSync(keyFile, 'correct horse\n', { mode: 0o644 });
    await expect(open('', { keyFile }).set(a)).rejects.toMatchObject({ details: { reason: 'refused' } });
    chmodSync(keyFile, 0o600);
    await open('', { keyFile }).set(a);
    expect(await open('correct horse').get(a.instanceUrl)).toEqual(a);
    writeFileSync(keyFile, '\n');
    await expect(open('', { keyFile }).get(a.instanceUrl)).rejects.toMatchObject({
      details: { reason: 'no-key' },
    });
  });

  it('loses no write of many processes at once', async () => {
    const names = Array.from({ length: 6 }, (_, n) => `p${n}`);
    await Promise.all(
      names.map(
        (name) =>
          new Promise((resolve) => {
            spawn(process.execPath, [join(import.meta.dirname, 'store-set.ts'), temp.path, name], {
              stdio: 'inherit',
            }).on('exit', resolve);
          }),
      ),
    );
    const kept = (await open().list()).map(({ instanceUrl }: Credential) => instanceUrl).sort();
    expect(kept).toEqual(names.map((name) => `https://${name}.my.salesforce.com`));
  });

  it('takes no other store in its place', () => {
    expect(() =>
      openCredentialStore({ kind: 'vault', folder, withLock: lockingIn(join(temp.path, 'locks')) }),
    ).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
    expect(existsSync(path)).toBe(false);
  });
});
