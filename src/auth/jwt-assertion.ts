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

/** An RSA private key from a PEM. `what` names it for people. Throws AppError `INVALID_INPUT`. */
export function readPrivateKey(pem: string, what = 'The JWT key'): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // OpenSSL's own error may quote the input, so it is not kept as the cause.
    throw unreadable(pem, what);
  }
  if (key.asymmetricKeyType !== 'rsa') {
    throw new AppError(
      'INVALID_INPUT',
      `${what} is not an RSA key but one of type ${key.asymmetricKeyType ?? 'unknown'}.`,
      { hint: 'Salesforce takes RS256 only: make the key with openssl genrsa 2048.' },
    );
  }
  return key;
}

/** What people give in place of an unencrypted PEM, and how to come to one. First match wins. */
const mistakes: readonly { sign: RegExp; is: string; hint: string }[] = [
  { sign: /^\s*$/, is: 'is empty', hint: 'Check how the file was written; a CI secret may not be set.' },
  // Before the signs of a text: the bytes of a DER file hold any of them by chance.
  {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what tells bytes from text.
    sign: /[\x00-\x08\ufffd]/,
    is: 'is not text, so it is no PEM',
    hint: 'Turn a DER file into PEM: openssl pkey -inform DER -in key.der -out key.pem; a .p12: openssl pkcs12 -nodes -nocerts -in key.p12 -out key.pem',
  },
  {
    sign: /\\n/,
    is: 'has \\n in place of its line ends',
    hint: 'Write it with line ends, for example: printf "%b" "$KEY" > key.pem',
  },
  {
    sign: /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: *4,ENCRYPTED/,
    is: 'is encrypted with a passphrase',
    hint: 'Give it without: openssl rsa -in key.pem -out plain.pem, and keep that file readable by you alone.',
  },
  {
    sign: /BEGIN OPENSSH PRIVATE KEY/,
    is: 'is in the format of OpenSSH',
    hint: 'Turn a copy of it into PEM: ssh-keygen -p -m PEM -f key.pem',
  },
  {
    sign: /BEGIN [A-Z ]*PRIVATE KEY/,
    is: 'is a damaged private key',
    hint: 'Its lines must be as openssl writes them, from BEGIN to END, each on a line of its own.',
  },
  {
    sign: /BEGIN (TRUSTED )?CERTIFICATE/,
    is: 'is a certificate',
    hint: 'Salesforce has the certificate; this program needs the private key that belongs to it.',
  },
  {
    sign: /BEGIN [A-Z ]*PUBLIC KEY/,
    is: 'is a public key',
    hint: 'Give the private key that belongs to it.',
  },
];

function unreadable(pem: string, what: string): AppError {
  const { is, hint } = mistakes.find(({ sign }) => sign.test(pem)) ?? {
    is: 'is no private key',
    hint: 'Give the unencrypted PEM file that belongs to the certificate uploaded to the app.',
  };
  return new AppError('INVALID_INPUT', `${what} ${is}.`, { hint });
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
