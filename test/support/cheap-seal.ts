import { createHmac, randomBytes, scryptSync } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seal } from '../../src/auth/sealed-file.ts';

/** The least that scrypt can do; the passphrase of a test needs no stretching. */
const cost = { N: 2, r: 1, p: 1 };

/**
 * Puts a credential file without credentials into `folder`, where there is none: a file keeps what its header says of
 * the passphrase, and so each command of a test is spared a fifth of a second of stretching it.
 */
export function sealCheaply(folder: string, passphrase: string): void {
  const path = join(folder, 'credentials.enc');
  if (existsSync(path)) return;
  const salt = randomBytes(16);
  const key = scryptSync(passphrase.normalize('NFC'), salt, 32, cost);
  const check = createHmac('sha256', key).update('parahack-sync key check').digest().subarray(0, 16);
  const header = {
    format: 'parahack-sync-credentials',
    version: 1,
    kdf: { name: 'scrypt', ...cost, salt: salt.toString('base64') },
    keyCheck: check.toString('base64'),
  } as const;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(path, seal('[]', { header, key }), { mode: 0o600 });
}
