import { randomBytes } from 'node:crypto';
import type { Credential } from './credential.ts';
import type { CredentialStore } from './credential-store.ts';
import type { Keychain } from './keychain.ts';
import { mayReplace } from './may-replace.ts';
import { storeUnavailable } from './store-unavailable.ts';

/** Windows takes 2,560 bytes an entry (CRED_MAX_CREDENTIAL_BLOB_SIZE, wincred.h); the others take any. */
export const maxEntryBytes = 2_560;

/** The secrets that may be long, in the order they leave the entry when it is too long. */
const longFields = ['accessToken', 'privateKey', 'clientSecret', 'refreshToken'] as const;
type LongField = (typeof longFields)[number];

/**
 * An org's own entry: the credential, with the secrets that did not fit replaced by where their parts are.
 * Replacing this one entry is what makes a change take effect.
 */
interface Entry {
  v: 1;
  credential: Credential;
  parts: Partial<Record<LongField, { id: string; count: number }>>;
}

/**
 * Credentials in the system's keychain, one entry an org, its account the instance URL; long secrets go into
 * numbered parts `<instance URL>#<id>.<n>`. Written in an order that a kill anywhere leaves usable: the parts of
 * what renews come first, then the entry with the refresh token, then the access token, without which the session
 * renews at its first call.
 */
export function openKeychainStore(keychain: Keychain): CredentialStore {
  const readEntry = async (instanceUrl: string): Promise<Entry | null> => {
    const text = await keychain.get(instanceUrl);
    if (text === null) return null;
    const entry = parseEntry(text);
    if (entry === null) throw damaged(instanceUrl);
    return entry;
  };

  const readParts = async (instanceUrl: string, { id, count }: { id: string; count: number }) => {
    let secret = '';
    for (let n = 1; n <= count; n++) {
      const part = await keychain.get(partAccount(instanceUrl, id, n));
      if (part === null) return null;
      secret += part;
    }
    return secret;
  };

  const assemble = async ({ credential, parts }: Entry): Promise<Credential | null> => {
    const whole = { ...credential };
    for (const field of longFields) {
      const where = parts[field];
      if (where === undefined) continue;
      const secret = await readParts(whole.instanceUrl, where);
      if (secret !== null) whole[field] = secret;
      else if (field !== 'accessToken' || whole.grant === 'access-token') return null;
    }
    return whole;
  };

  const get = async (instanceUrl: string): Promise<Credential | null> => {
    // A writer may replace the entry and drop its parts between two reads here; then the entry is read again.
    for (let attempt = 1; ; attempt++) {
      const entry = await readEntry(instanceUrl);
      if (entry === null) return null;
      const credential = await assemble(entry);
      if (credential !== null) return credential;
      if (attempt === 3) throw damaged(instanceUrl);
    }
  };

  const writeParts = async (instanceUrl: string, id: string, secret: string): Promise<void> => {
    const pieces = cut(secret);
    for (const [index, piece] of pieces.entries()) {
      await keychain.set(partAccount(instanceUrl, id, index + 1), piece);
    }
  };

  const set: CredentialStore['set'] = async (credential, { inPlaceOf } = {}) => {
    const { instanceUrl } = credential;
    if (inPlaceOf !== undefined && !mayReplace(await get(instanceUrl), inPlaceOf)) return false;
    const former = parseEntry((await keychain.get(instanceUrl)) ?? '');
    const { entry, outside } = await split(credential, former, (where) => readParts(instanceUrl, where));
    const isLate = (field: LongField): boolean =>
      field === 'accessToken' && credential.grant !== 'access-token';
    for (const { field, id, secret } of outside)
      if (!isLate(field)) await writeParts(instanceUrl, id, secret);
    await keychain.set(instanceUrl, JSON.stringify(entry));
    for (const { field, id, secret } of outside) if (isLate(field)) await writeParts(instanceUrl, id, secret);
    const kept = new Set(partAccounts(entry));
    for (const account of former === null ? [] : partAccounts(former)) {
      if (!kept.has(account)) await keychain.delete(account);
    }
    return true;
  };

  return {
    kind: 'keychain',
    get,
    glance: get,
    set,
    async delete(instanceUrl) {
      const deleted = await keychain.delete(instanceUrl);
      // Whatever a kill may have left of former parts goes too.
      for (const account of await keychain.accounts()) {
        if (account.startsWith(`${instanceUrl}#`)) await keychain.delete(account);
      }
      return deleted;
    },
    async list() {
      const credentials: Credential[] = [];
      for (const account of await keychain.accounts()) {
        const credential = account.includes('#') ? null : await get(account);
        if (credential !== null) credentials.push(credential);
      }
      return credentials;
    },
    probeWritable: () => keychain.probe(),
  };
}

/** Moves secrets out of the entry, longest-lived last, until it fits. Parts that already lie there stay. */
async function split(
  credential: Credential,
  former: Entry | null,
  readParts: (where: { id: string; count: number }) => Promise<string | null>,
): Promise<{ entry: Entry; outside: { field: LongField; id: string; secret: string }[] }> {
  const entry: Entry = { v: 1, credential: { ...credential }, parts: {} };
  const outside: { field: LongField; id: string; secret: string }[] = [];
  for (const field of longFields) {
    if (byteLength(JSON.stringify(entry)) <= maxEntryBytes) break;
    const secret = credential[field];
    if (secret === null || secret === '') continue;
    const before = former?.parts[field];
    if (before !== undefined && (await readParts(before)) === secret) {
      entry.parts[field] = before;
    } else {
      const id = randomBytes(6).toString('hex');
      entry.parts[field] = { id, count: cut(secret).length };
      outside.push({ field, id, secret });
    }
    if (field === 'accessToken') entry.credential.accessToken = '';
    else entry.credential[field] = null;
  }
  return { entry, outside };
}

function cut(secret: string): string[] {
  const pieces: string[] = [];
  let piece = '';
  let bytes = 0;
  for (const character of secret) {
    const more = byteLength(character);
    if (bytes + more > maxEntryBytes) {
      pieces.push(piece);
      piece = '';
      bytes = 0;
    }
    piece += character;
    bytes += more;
  }
  return [...pieces, piece];
}

function parseEntry(text: string): Entry | null {
  try {
    const entry = JSON.parse(text) as Partial<Entry> | null;
    return entry?.v === 1 && entry.credential && entry.parts ? (entry as Entry) : null;
  } catch {
    return null;
  }
}

function partAccounts({ credential, parts }: Entry): string[] {
  return Object.values(parts).flatMap(({ id, count }) =>
    Array.from({ length: count }, (_, n) => partAccount(credential.instanceUrl, id, n + 1)),
  );
}

function partAccount(instanceUrl: string, id: string, n: number): string {
  return `${instanceUrl}#${id}.${n}`;
}

function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

function damaged(instanceUrl: string): Error {
  return storeUnavailable('keychain', 'corrupt', `The keychain's entry for ${instanceUrl} is incomplete.`, {
    mend: `Delete it (service "parahack-sync", account "${instanceUrl}") and log in again.`,
  });
}
