import { chmod, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { isAppError, systemCodeOf } from '../base/errors.ts';
import { makeFolder } from '../base/make-folder.ts';
import { Semaphore } from '../base/semaphore.ts';
import { syncFolder } from '../base/sync-folder.ts';
import type { Credential } from './credential.ts';
import type { CredentialStore } from './credential-store.ts';
import { mayReplace } from './may-replace.ts';
import { checkSealed, newSealKey, SealError, type SealKey, seal, sealKeyOf, unseal } from './sealed-file.ts';
import { storeUnavailable } from './store-unavailable.ts';
import type { HeldLock, WithLock } from './with-lock.ts';

export interface FileStoreOptions {
  /** Holds `credentials.enc`; created with mode 0700. */
  folder: string;
  passphrase: () => Promise<string>;
  /** Writers of all processes take turns under it; readers need no lock, as the file is replaced atomically. */
  withLock: WithLock;
  /** Called while another thread makes the key, which takes a third of a second: this one has nothing to do then. */
  whileDeriving?: (() => void) | undefined;
}

export const credentialFileName = 'credentials.enc';
const writeLock = 'credential-file';
/** A write takes milliseconds; who holds the lock for longer hangs. */
const writeLockTimeoutMs = 30_000;
/** Windows refuses to replace a file that somebody is reading at that moment. */
const renameAttempts = 10;

/** All credentials in one encrypted file (scrypt, AES-256-GCM), replaced as a whole. */
export function openFileStore({
  folder,
  passphrase,
  withLock,
  whileDeriving = () => {},
}: FileStoreOptions): CredentialStore {
  const path = join(folder, credentialFileName);
  let sealKey: SealKey | null = null;
  /** Deriving one takes a fifth of a second and 32 MB: of many that read at once, one does it for all. */
  const keys = new Semaphore(1);

  /** What was read last, and of which file: a watch of hundreds of orgs asks for one of them all the time. */
  let known: { file: string; credentials: ReadonlyMap<string, Credential> } | null = null;

  const read = async (): Promise<ReadonlyMap<string, Credential>> => {
    // Asked before it is read: where it is replaced in between, the next look sees another.
    const file = await fileAt(path);
    if (file !== null && known?.file === file) return known.credentials;
    const credentials = await readAll();
    known = file === null ? null : { file, credentials };
    return credentials;
  };
  const readAll = async (): Promise<Map<string, Credential>> => {
    const text = await readSealed(path);
    if (text === null) return new Map();
    try {
      const key = await keys.run(async () => {
        const secret = await passphrase();
        const derived = sealKeyOf(text, secret, sealKey);
        if (sealKey === null) whileDeriving();
        sealKey = await derived;
        return sealKey;
      });
      const entries = JSON.parse(unseal(text, key)) as Credential[];
      return new Map(entries.map((credential) => [credential.instanceUrl, credential]));
    } catch (error) {
      throw error instanceof SealError ? sealFault(path, error) : error;
    }
  };
  const get = async (instanceUrl: string) => {
    const credential = (await read()).get(instanceUrl);
    return credential === undefined ? null : { ...credential };
  };
  const glance = async (instanceUrl: string) => {
    if (sealKey !== null) return get(instanceUrl);
    const text = await readSealed(path);
    if (text === null) return null;
    await passphrase();
    try {
      checkSealed(text);
    } catch (error) {
      throw error instanceof SealError ? sealFault(path, error) : error;
    }
    return 'sealed';
  };

  const sealed = async (credentials: ReadonlyMap<string, Credential>): Promise<string> => {
    sealKey ??= await newSealKey(await passphrase());
    return seal(JSON.stringify([...credentials.values()]), sealKey);
  };

  const alone = <T>(work: (held: HeldLock) => Promise<T>): Promise<T> =>
    withLock(writeLock, work, { timeoutMs: writeLockTimeoutMs });

  /** False where there was nothing to change. */
  const write = (change: (credentials: Map<string, Credential>) => boolean): Promise<boolean> =>
    alone(async (held) => {
      const credentials = new Map(await read());
      if (!change(credentials)) return false;
      const content = await sealed(credentials);
      // Whoever was halted since it read would take back what others have stored.
      await replaceDurably(path, content, () => held.confirm());
      return true;
    });

  return {
    kind: 'file',
    get,
    glance,
    list: async () => [...(await read()).values()].map((credential) => ({ ...credential })),
    set: (credential, { inPlaceOf } = {}) =>
      write((credentials) => {
        if (!mayReplace(credentials.get(credential.instanceUrl) ?? null, inPlaceOf)) return false;
        credentials.set(credential.instanceUrl, { ...credential });
        return true;
      }),
    async delete(instanceUrl) {
      if (!(await read()).has(instanceUrl)) return false;
      return write((credentials) => credentials.delete(instanceUrl));
    },
    // The same bytes to the same disk, short of the last step: a full or read-only disk shows here.
    probeWritable: () =>
      alone(async () => {
        const temporary = await writeBeside(path, await sealed(await read()));
        await rm(temporary, { force: true });
      }),
  };
}

/** The file that lies there: each change puts another in its place. Null where none does, or that cannot be told. */
async function fileAt(path: string): Promise<string | null> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch {
    return null;
  }
}

async function readSealed(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw storeUnavailable('file', 'refused', `The credential file ${path} cannot be read.`, {
      mend: 'Make it readable for this user.',
      cause: error,
    });
  }
}

function whileHeldOpen(error: unknown, failures: number): number | null {
  const isHeld = ['EPERM', 'EACCES', 'EBUSY'].includes(systemCodeOf(error) ?? '');
  return process.platform === 'win32' && isHeld && failures + 1 < renameAttempts ? (failures + 1) * 10 : null;
}

/** The old file or the new one, whenever the machine stops: new bytes reach the disk before they get the name. */
async function replaceDurably(path: string, content: string, confirm: () => Promise<void>): Promise<void> {
  // Loaded by what writes alone.
  const { retry } = await import('../base/retry.ts');
  // The file beside is the next holder's as much as the store itself.
  await confirm();
  const temporary = await writeBeside(path, content);
  await confirm();
  try {
    await retry(() => rename(temporary, path), { clock: systemClock, waitMs: whileHeldOpen });
    await syncFolder(dirname(path));
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** One temporary name suffices under the write lock, and what a kill leaves there is overwritten next time. */
async function writeBeside(path: string, content: string): Promise<string> {
  const temporary = `${path}.new`;
  try {
    makeFolder(dirname(path));
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(temporary, 0o600);
    return temporary;
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, cause: unknown): Error {
  if (isAppError(cause)) return cause;
  const code = systemCodeOf(cause);
  return storeUnavailable(
    'file',
    'unwritable',
    `The credential file ${path} cannot be written${code ? ` (${code})` : ''}.`,
    {
      mend: 'Free some space or make its folder writable for this user.',
      cause,
    },
  );
}

function sealFault(path: string, error: SealError): Error {
  return error.reason === 'wrong-key'
    ? storeUnavailable('file', 'wrong-key', `The passphrase does not open the credential file ${path}.`, {
        mend: 'Give the passphrase that it was made with (PARAHACK_SYNC_CREDENTIAL_KEY or …_KEY_FILE).',
      })
    : storeUnavailable('file', 'corrupt', `The credential file ${path} is damaged: ${error.message}`, {
        mend: 'Restore it from a backup, or move it away and log in again.',
      });
}
