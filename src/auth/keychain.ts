import { isAbort, withTimeout } from '../base/abort.ts';
import { cutText } from '../base/cut-text.ts';
import { isAppError, messageOf } from '../base/errors.ts';
import { printableLine } from '../base/printable.ts';
import { keychainFaultOf } from './keychain-faults.ts';
import { storeUnavailable } from './store-unavailable.ts';

/** The operating system's keychain, entries of one service by account. */
export interface Keychain {
  get(account: string): Promise<string | null>;
  set(account: string, secret: string): Promise<void>;
  delete(account: string): Promise<boolean>;
  accounts(): Promise<string[]>;
  /** Proves that `set` would work now. */
  probe(): Promise<void>;
}

/** The part of keytar that is used. */
export interface Keytar {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
  findCredentials(service: string): Promise<{ account: string }[]>;
}

/** Long enough for a person to type the keychain's password into the system's prompt. */
const promptTimeoutMs = 120_000;
const probeAccount = '#probe';

/**
 * The system's keychain through keytar, which is loaded at the first call: its native part needs libsecret on
 * Linux and throws at load where that is missing. Throws AppError `CREDENTIAL_STORE_UNAVAILABLE`.
 */
export function openKeychain(service: string, load: () => Promise<Keytar> = loadKeytar): Keychain {
  let loaded: Promise<Keytar> | null = null;

  const call = async <T>(work: (keytar: Keytar) => Promise<T>): Promise<T> => {
    try {
      loaded ??= load();
      const keytar = await loaded;
      return await withTimeout(promptTimeoutMs, undefined, 'The keychain', () => work(keytar));
    } catch (error) {
      if (isAbort(error)) throw error;
      throw keychainFault(error);
    }
  };

  /**
   * A locked Secret Service answers reads with "nothing there", deletes with "nothing done", and crashes the
   * process in `findCredentials` (libsecret hands out items without their secret). Only a write says the truth.
   */
  const proveUnlocked = (keytar: Keytar): Promise<boolean> =>
    keytar
      .setPassword(service, probeAccount, 'writable')
      .then(() => keytar.deletePassword(service, probeAccount));

  return {
    get: (account) =>
      call(async (keytar) => {
        const secret = await keytar.getPassword(service, account);
        if (secret === null) await proveUnlocked(keytar);
        return secret;
      }),
    set: (account, secret) => call((keytar) => keytar.setPassword(service, account, secret)),
    delete: (account) =>
      call(async (keytar) => {
        const deleted = await keytar.deletePassword(service, account);
        if (!deleted) await proveUnlocked(keytar);
        return deleted;
      }),
    accounts: () =>
      call(async (keytar) => {
        await proveUnlocked(keytar);
        const found = await keytar.findCredentials(service);
        return found.map(({ account }) => account).filter((account) => account !== probeAccount);
      }),
    probe: () =>
      call(async (keytar) => {
        await proveUnlocked(keytar);
      }),
  };
}

async function loadKeytar(): Promise<Keytar> {
  const { default: keytar } = await import('keytar');
  return keytar;
}

function keychainFault(error: unknown): Error {
  if (isAppError(error, 'CREDENTIAL_STORE_UNAVAILABLE')) return error;
  const { reason, message, mend } = keychainFaultOf(error, process.platform);
  const said = cutText(printableLine(messageOf(error)), 200);
  return storeUnavailable('keychain', reason, `${message.slice(0, -1)} (${said}).`, { mend });
}
