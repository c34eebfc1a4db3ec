import { isAbort, withTimeout } from '../base/abort.ts';
import { isAppError, messageOf } from '../base/errors.ts';
import { type StoreFault, storeUnavailable } from './store-unavailable.ts';

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

/** Keytar has no error codes, only the system's texts (libsecret, GDBus, Keychain Services, Windows). */
const faults: readonly [pattern: RegExp, reason: StoreFault][] = [
  [/locked collection|is locked|interaction is not allowed|dismissed|did not finish within/i, 'locked'],
  [
    /cannot open shared object|cannot autolaunch|org\.freedesktop\.secrets|serviceunknown|not provided by any|no such (file|interface)|could not connect|object does not exist|cannot find (module|package)|not a valid win32/i,
    'absent',
  ],
];

const explained: Partial<Record<StoreFault, { message: string; mend: string }>> = {
  locked: {
    message: 'The keychain is locked.',
    mend: "Unlock it (log in to the desktop, or use the system's keychain program) and try again.",
  },
  absent: {
    message: 'There is no keychain on this machine, or it is not running.',
    mend: 'On Linux it needs libsecret, a D-Bus session and a Secret Service such as gnome-keyring.',
  },
  refused: {
    message: 'The keychain refused.',
    mend: 'Allow the program to use the keychain when the system asks.',
  },
};

function keychainFault(error: unknown): Error {
  if (isAppError(error, 'CREDENTIAL_STORE_UNAVAILABLE')) return error;
  const reason = faults.find(([pattern]) => pattern.test(messageOf(error)))?.[1] ?? 'refused';
  const { message, mend } = explained[reason] ?? { message: 'The keychain failed.', mend: 'Try again.' };
  return storeUnavailable('keychain', reason, `${message.slice(0, -1)} (${messageOf(error)}).`, { mend });
}
