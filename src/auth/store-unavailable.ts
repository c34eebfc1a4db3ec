import { AppError } from '../base/errors.ts';
import type { CredentialStoreKind } from './credential-store.ts';

export type StoreFault = 'absent' | 'locked' | 'refused' | 'no-key' | 'wrong-key' | 'corrupt' | 'unwritable';

const others: Record<CredentialStoreKind, string> = {
  keychain:
    'PARAHACK_SYNC_CREDENTIAL_STORE=file with PARAHACK_SYNC_CREDENTIAL_KEY (or …_KEY_FILE) keeps logins in an encrypted file, PARAHACK_SYNC_CREDENTIAL_STORE=memory only for one process',
  file: "PARAHACK_SYNC_CREDENTIAL_STORE=keychain uses the system's keychain, PARAHACK_SYNC_CREDENTIAL_STORE=memory keeps logins for one process only",
  memory:
    "PARAHACK_SYNC_CREDENTIAL_STORE=keychain uses the system's keychain, PARAHACK_SYNC_CREDENTIAL_STORE=file an encrypted file",
};

/**
 * The one error of all credential stores. No store is ever chosen in place of another: the hint names them and
 * the user decides. Give no cause that may quote a secret.
 */
export function storeUnavailable(
  kind: CredentialStoreKind,
  reason: StoreFault,
  message: string,
  { mend, cause }: { mend: string; cause?: unknown },
): AppError {
  return new AppError('CREDENTIAL_STORE_UNAVAILABLE', message, {
    hint: `${mend} Or choose another store: ${others[kind]}.`,
    details: { store: kind, reason },
    cause,
  });
}
