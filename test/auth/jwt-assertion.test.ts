import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readPrivateKey } from '../../src/auth/jwt-assertion.ts';
import { isAppError } from '../../src/base/errors.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const encrypted = { cipher: 'aes-256-cbc', passphrase: 'x' };

describe('the key file of a JWT login', () => {
  it.each([
    ['PKCS #8', pkcs8],
    ['PKCS #1', pkcs1],
    ['line ends of Windows', pkcs8.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${pkcs8}`],
    ['text before it', `Bag Attributes\n    localKeyID: 01\n${pkcs8}`],
  ])('is read with %s', (_, pem) => {
    expect(readPrivateKey(pem).equals(createPrivateKey(pkcs8))).toBe(true);
  });

  it.each([
    ['is empty', '\n', /CI secret/],
    ['has \\n in place of its line ends', pkcs8.replaceAll('\n', '\\n'), /printf/],
    [
      'is encrypted with a passphrase',
      privateKey.export({ type: 'pkcs8', format: 'pem', ...encrypted }).toString(),
      /openssl rsa/,
    ],
    [
      'is encrypted with a passphrase',
      privateKey.export({ type: 'pkcs1', format: 'pem', ...encrypted }).toString(),
      /openssl rsa/,
    ],
    [
      'is in the format of OpenSSH',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n-----END OPENSSH PRIVATE KEY-----\n',
      /ssh-keygen -p -m PEM/,
    ],
    ['is a damaged private key', pkcs8.replaceAll('\n', ' '), /a line of its own/],
    [
      'is a certificate',
      '-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n',
      /private key that belongs to it/,
    ],
    [
      'is a public key',
      createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
      /private key/,
    ],
    [
      'is not text, so it is no PEM',
      privateKey.export({ type: 'pkcs8', format: 'der' }).toString('utf8'),
      /-inform DER/,
    ],
    ['is not text, so it is no PEM', '0\x82\x04\xbd\\n\x02\x01BEGIN PUBLIC KEY', /-inform DER/],
    ['is no private key', 'not a key at all', /PEM file/],
    [
      'is not an RSA key but one of type ec',
      generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString(),
      /openssl genrsa/,
    ],
  ])('that %s is refused by its name, with what to do', (is, pem, hint) => {
    let refused: unknown;
    try {
      readPrivateKey(pem, 'The key file a.pem');
    } catch (error) {
      refused = error;
    }
    expect(isAppError(refused, 'INVALID_INPUT')).toBe(true);
    expect(refused).toMatchObject({
      message: `The key file a.pem ${is}.`,
      hint: expect.stringMatching(hint),
    });
    // The key itself is told nowhere.
    expect(JSON.stringify(refused)).not.toContain(pem.slice(40, 80).trim() || 'nothing');
  });
});
