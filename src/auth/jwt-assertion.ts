import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { AppError } from '../base/errors.ts';

/** Salesforce takes assertions that end within three minutes (Help, "OAuth 2.0 JWT Bearer Flow"). */
const lifetimeSeconds = 180;

export interface Assertion {
  clientId: string;
  username: string;
  /** The authorization server: `https://login.salesforce.com`, `https://test.salesforce.com` or the My Domain. */
  audience: string;
  /** Milliseconds since 1970. */
  now: number;
}

/** An RS256 assertion (RFC 7523 section 3). Throws AppError `INVALID_INPUT` when the key is no RSA private key. */
export function signAssertion(
  privateKeyPem: string,
  { clientId, username, audience, now }: Assertion,
): string {
  const key = readPrivateKey(privateKeyPem);
  const header = encode({ alg: 'RS256', typ: 'JWT' });
  const claims = encode({
    iss: clientId,
    sub: username,
    aud: audience,
    exp: Math.floor(now / 1_000) + lifetimeSeconds,
  });
  const signature = sign('sha256', Buffer.from(`${header}.${claims}`), key).toString('base64url');
  return `${header}.${claims}.${signature}`;
}

function readPrivateKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // OpenSSL's own error may quote the input, so it is not kept as the cause.
    throw new AppError('INVALID_INPUT', 'The JWT key is not a readable private key.', {
      hint: 'Give the unencrypted PEM file that belongs to the certificate uploaded to the app.',
    });
  }
  if (key.asymmetricKeyType !== 'rsa') {
    throw new AppError('INVALID_INPUT', 'The JWT key is not an RSA key.', {
      hint: 'Salesforce takes RS256 only: make the key with openssl genrsa 2048.',
    });
  }
  return key;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
