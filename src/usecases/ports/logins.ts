import type { Credential } from '../../auth/credential.ts';
import type { RevokeOutcome } from '../../auth/revoke.ts';
import type { HeldLock } from '../../auth/with-lock.ts';
import type { CallContext } from '../../contract/app.ts';
import type { LoginEvent, LoginOptions } from '../../contract/login.ts';

/** Grants: how they are got from Salesforce, kept here, and given back. */
export interface Logins {
  /** Goes through the chosen flow. Nothing is stored. */
  obtain(options: LoginOptions, context: CallContext<LoginEvent>): Promise<Credential>;
  /** Stores a grant, then revokes those that it replaces: that of its org, and those at the addresses `replaces`. */
  keep(credential: Credential, options: KeepOptions): Promise<{ revokedOld: RevokeOutcome | null }>;
  /** Removes the org's grant here whatever Salesforce says, after telling Salesforce. */
  forget(
    instanceUrl: string,
    options: { signal: AbortSignal },
  ): Promise<{ removed: boolean; revoked: RevokeOutcome }>;
  /** Gives back a grant that is not kept. */
  revoke(credential: Credential): Promise<void>;
  /**
   * Runs `work` while no process renews, keeps or forgets a login of the org. Whoever is halted may lose that lock, so
   * it is looked at last before anything is stored or removed.
   */
  whileUnchanged<T>(orgId: string, work: (held: HeldLock) => Promise<T>): Promise<T>;
}

export interface KeepOptions {
  signal: AbortSignal;
  replaces: readonly string[];
  /** From here on it is the login of its org, whatever fails later. */
  onStored: () => void;
}
