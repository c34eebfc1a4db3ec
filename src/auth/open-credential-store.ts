import { readFile, stat } from 'node:fs/promises';
import { AppError, systemCodeOf } from '../base/errors.ts';
import type { CredentialStore, CredentialStoreKind } from './credential-store.ts';
import { openFileStore } from './file-store.ts';
import { openKeychain } from './keychain.ts';
import { openKeychainStore } from './keychain-store.ts';
import { openMemoryStore } from './memory-store.ts';
import { storeUnavailable } from './store-unavailable.ts';
import type { WithLock } from './with-lock.ts';

export interface CredentialStoreOptions {
  /** As the user named it; never chosen in place of another. */
  kind: string;
  /** The encrypted file's passphrase, or a file (0600) that holds it; only the file store needs one. */
  key?: string | undefined;
  keyFile?: string | undefined;
  /** Where the encrypted file lies. */
  folder: string;
  withLock: WithLock;
  whileDeriving?: () => void;
}

const credentialStoreKinds: readonly CredentialStoreKind[] = ['keychain', 'file', 'memory'];
const keychainService = 'parahack-sync';

/**
 * Opens the store that the user named; touches neither keychain nor disk before its first use. Throws AppError
 * `INVALID_INPUT` for an unknown kind and `CREDENTIAL_STORE_UNAVAILABLE` for a file store without a key.
 */
export function openCredentialStore(options: CredentialStoreOptions): CredentialStore {
  const { kind, key, keyFile, folder, withLock, whileDeriving } = options;
  switch (kind) {
    case 'keychain':
      return openKeychainStore(openKeychain(keychainService));
    case 'memory':
      return openMemoryStore();
    case 'file':
      if (!key && !keyFile) throw noKey('The encrypted file store needs a passphrase.');
      return openFileStore({ folder, withLock, whileDeriving, passphrase: passphraseOf(key, keyFile) });
    default:
      throw new AppError('INVALID_INPUT', `There is no credential store "${kind}".`, {
        hint: `PARAHACK_SYNC_CREDENTIAL_STORE is one of ${credentialStoreKinds.join(', ')}.`,
      });
  }
}

function passphraseOf(key: string | undefined, keyFile: string | undefined): () => Promise<string> {
  let known = key || null;
  return async () => {
    known ??= await readKeyFile(keyFile ?? '');
    return known;
  };
}

async function readKeyFile(path: string): Promise<string> {
  try {
    const { mode } = await stat(path);
    // Windows has no such bits; there the folder's own access list decides.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw storeUnavailable('file', 'refused', `Other users may read the key file ${path}.`, {
        mend: `Run: chmod 600 ${path}`,
      });
    }
    const key = (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
    if (key === '') throw noKey(`The key file ${path} is empty.`);
    return key;
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw noKey(`The key file ${path} cannot be read (${systemCodeOf(error) ?? 'unknown'}).`, error);
  }
}

function noKey(message: string, cause?: unknown): AppError {
  return storeUnavailable('file', 'no-key', message, {
    mend: 'Set PARAHACK_SYNC_CREDENTIAL_KEY, or PARAHACK_SYNC_CREDENTIAL_KEY_FILE to a file (0600) that holds it.',
    cause,
  });
}
