import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { ClientApp } from './oauth/client-app.ts';

const makePair = promisify(generateKeyPair);

/** Makes the emulator's own signing key when it is first asked for, and registers its public part with the app. */
export function createJwtKey(app: ClientApp): () => Promise<string> {
  let key: Promise<string> | undefined;
  return () => {
    key ??= makePair('rsa', { modulusLength: 2_048 }).then(({ privateKey, publicKey }) => {
      app.jwtKeys.push(publicKey);
      return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    });
    return key;
  };
}
