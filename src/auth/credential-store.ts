import type { Credential } from './credential.ts';

export type CredentialStoreKind = 'keychain' | 'file' | 'memory';

/**
 * Credentials by instance URL. Every method throws AppError `CREDENTIAL_STORE_UNAVAILABLE` when the store
 * cannot be used; `details.reason` tells why (`absent`, `locked`, `refused`, `no-key`, `wrong-key`, `corrupt`,
 * `unwritable`).
 */
export interface CredentialStore {
  readonly kind: CredentialStoreKind;
  get(instanceUrl: string): Promise<Credential | null>;
  /** What `get` gives, or `sealed` where only the slow work of unsealing could tell; the store can be used as far as known. */
  glance(instanceUrl: string): Promise<Credential | null | 'sealed'>;
  /**
   * Durable when it resolves; a crash in between leaves the old or the new credential, never neither. With `inPlaceOf`
   * only where one of these lies there still: false, and nothing stored, where another process has stored meanwhile.
   */
  set(credential: Credential, options?: { inPlaceOf?: readonly Credential[] }): Promise<boolean>;
  /** Resolves to whether there was one. */
  delete(instanceUrl: string): Promise<boolean>;
  list(): Promise<Credential[]>;
  /** Proves that `set` would work now, without changing any credential. */
  probeWritable(): Promise<void>;
}
