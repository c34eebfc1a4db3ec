import type { Credential } from './credential.ts';
import type { CredentialStore } from './credential-store.ts';

/**
 * The place of one session's credential in the store. It is written in the place of what the session knows to lie
 * there, and of nothing else: whoever was halted in its renewal, and lost the lock to another, has older tokens than
 * the store.
 */
export class StoredPlace {
  readonly #store: CredentialStore;
  readonly #instanceUrl: string;
  /** What may lie there by the session's own doing: what its renewal was made from, and what it has stored. */
  #known: Credential[] = [];

  constructor(store: CredentialStore, instanceUrl: string) {
    this.#store = store;
    this.#instanceUrl = instanceUrl;
  }

  read(): Promise<Credential | null> {
    return this.#store.get(this.#instanceUrl);
  }

  probeWritable(): Promise<void> {
    return this.#store.probeWritable();
  }

  /** What a renewal is made from, and may be replaced. */
  renewsFrom(stored: Credential): void {
    this.#known = [stored];
  }

  /** False where another's lies there, which stays. */
  async put(credential: Credential): Promise<boolean> {
    const inPlaceOf = [...this.#known];
    // It may lie there although the store failed.
    this.#known.push(credential);
    return this.#store.set(credential, { inPlaceOf });
  }
}
