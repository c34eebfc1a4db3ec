import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';

/** The file's clear part: everything needed to derive the key, and nothing else. */
interface SealHeader {
  format: 'parahack-sync-credentials';
  version: 1;
  kdf: { name: 'scrypt'; N: number; r: number; p: number; salt: string };
  /** Tells a wrong passphrase from a damaged file: HMAC-SHA256 of the derived key over a fixed text. */
  keyCheck: string;
}

interface SealedFile extends SealHeader {
  cipher: 'aes-256-gcm';
  nonce: string;
  tag: string;
  data: string;
}

/** A derived key with the header it belongs to. One per file and process: deriving is meant to be slow. */
export interface SealKey {
  header: SealHeader;
  key: Buffer;
}

export class SealError extends Error {
  readonly reason: 'wrong-key' | 'corrupt';

  constructor(reason: 'wrong-key' | 'corrupt', message: string) {
    super(message);
    this.name = 'SealError';
    this.reason = reason;
  }
}

/** 32 MB and about 0.2 s: the OWASP Password Storage Cheat Sheet's scrypt setting with the least memory. */
const cost = { N: 2 ** 15, r: 8, p: 3 };
/** A file that asks for more than this was not written by this program; it must not exhaust the machine. */
const maxCost = { N: 2 ** 20, r: 32, p: 16 };

export async function newSealKey(passphrase: string): Promise<SealKey> {
  const kdf = { name: 'scrypt' as const, ...cost, salt: randomBytes(16).toString('base64') };
  const key = await deriveKey(passphrase, kdf);
  return { header: { format: 'parahack-sync-credentials', version: 1, kdf, keyCheck: checkOf(key) }, key };
}

/** The key for an existing file. Throws SealError. `known` is returned when it fits. */
export async function sealKeyOf(text: string, passphrase: string, known: SealKey | null): Promise<SealKey> {
  const { format, version, kdf, keyCheck } = parse(text);
  const header: SealHeader = { format, version, kdf, keyCheck };
  if (known !== null && JSON.stringify(known.header) === JSON.stringify(header)) return known;
  const key = await deriveKey(passphrase, kdf);
  const expected = Buffer.from(keyCheck, 'base64');
  const actual = Buffer.from(checkOf(key), 'base64');
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) {
    throw new SealError('wrong-key', 'The passphrase does not open the file.');
  }
  return { header, key };
}

/** AES-256-GCM with a fresh random nonce; the header is authenticated with the data (NIST SP 800-38D). */
export function seal(plain: string, { header, key }: SealKey): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(JSON.stringify(header)));
  const data = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  const file: SealedFile = {
    ...header,
    cipher: 'aes-256-gcm',
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    data: data.toString('base64'),
  };
  return `${JSON.stringify(file)}\n`;
}

export function unseal(text: string, { header, key }: SealKey): string {
  const { nonce, tag, data } = parse(text);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'), { authTagLength: 16 })
      .setAAD(Buffer.from(JSON.stringify(header)))
      .setAuthTag(Buffer.from(tag, 'base64'));
    return Buffer.concat([decipher.update(Buffer.from(data, 'base64')), decipher.final()]).toString('utf8');
  } catch {
    throw new SealError('corrupt', 'The contents do not match their seal.');
  }
}

/** What can be said of a file without its key. Throws SealError. */
export function checkSealed(text: string): void {
  parse(text);
}

function parse(text: string): SealedFile {
  let file: Partial<SealedFile> | null;
  try {
    file = JSON.parse(text);
  } catch {
    throw new SealError('corrupt', 'The file is cut off or not JSON.');
  }
  if (typeof file !== 'object' || file?.format !== 'parahack-sync-credentials') {
    throw new SealError('corrupt', 'The file is no credential file.');
  }
  if (file.version !== 1)
    throw new SealError('corrupt', `The file has version ${String(file.version)}, not 1.`);
  const { kdf, cipher } = file;
  const fine =
    kdf?.name === 'scrypt' &&
    cipher === 'aes-256-gcm' &&
    [kdf.N, kdf.r, kdf.p].every((n) => Number.isSafeInteger(n) && n > 0) &&
    kdf.N <= maxCost.N &&
    kdf.r <= maxCost.r &&
    kdf.p <= maxCost.p &&
    [kdf.salt, file.keyCheck, file.nonce, file.tag, file.data].every((part) => typeof part === 'string');
  if (!fine) throw new SealError('corrupt', "The file's header is damaged.");
  return file as SealedFile;
}

function deriveKey(passphrase: string, { N, r, p, salt }: SealHeader['kdf']): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const maxmem = 128 * N * r + 128 * r * p + 1024 * 1024;
    const refuse = () => reject(new SealError('corrupt', "The file's key settings are invalid."));
    try {
      scrypt(
        passphrase.normalize('NFC'),
        Buffer.from(salt, 'base64'),
        32,
        { N, r, p, maxmem },
        (error, key) => (error ? refuse() : resolve(key)),
      );
    } catch {
      // Settings that scrypt knows none of (an N that is no power of two) are thrown, not called back.
      refuse();
    }
  });
}

function checkOf(key: Buffer): string {
  return createHmac('sha256', key)
    .update('parahack-sync key check')
    .digest()
    .subarray(0, 16)
    .toString('base64');
}
