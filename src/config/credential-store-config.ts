import { resolve } from 'node:path';
import { AppError } from '../base/errors.ts';
import type { CredentialStoreConfig } from './config.ts';
import { type Environment, readVariable } from './environment.ts';

const kinds = ['keychain', 'file', 'memory'] as const;

/** Only what is named wrongly is refused here; a store that cannot be used says so when it is first used. */
export function readCredentialStore(env: Environment, cwd: string): CredentialStoreConfig {
  const named = readVariable(env, 'PARAHACK_SYNC_CREDENTIAL_STORE') ?? 'keychain';
  if (named === 'database') {
    throw new AppError(
      'NOT_AVAILABLE',
      'PARAHACK_SYNC_CREDENTIAL_STORE=database is not part of this version yet.',
      { hint: 'Set it to keychain, file or memory, or leave it unset for the keychain.' },
    );
  }
  const kind = kinds.find((known) => known === named);
  if (kind === undefined) {
    throw new AppError(
      'INVALID_INPUT',
      `PARAHACK_SYNC_CREDENTIAL_STORE is "${named}", which is no credential store.`,
      {
        hint: 'Set it to keychain, file or memory, or leave it unset for the keychain.',
      },
    );
  }
  if (kind !== 'file') return { kind };
  const key = readVariable(env, 'PARAHACK_SYNC_CREDENTIAL_KEY');
  const keyFile = readVariable(env, 'PARAHACK_SYNC_CREDENTIAL_KEY_FILE');
  if (key !== null && keyFile !== null) {
    throw new AppError(
      'INVALID_INPUT',
      'PARAHACK_SYNC_CREDENTIAL_KEY and PARAHACK_SYNC_CREDENTIAL_KEY_FILE are both set, so it is not clear which passphrase is meant.',
      { hint: 'Unset one of the two.' },
    );
  }
  return { kind, key, keyFile: keyFile === null ? null : resolve(cwd, keyFile) };
}
