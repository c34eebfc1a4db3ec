import { join } from 'node:path';
import { openCredentialStore } from '../../src/auth/open-credential-store.ts';
import { AppError } from '../../src/base/errors.ts';
import { lockingIn } from '../support/leases.ts';
import { credentialFor } from './salesforce-script.ts';

/** Stores one credential, or with `loop` one after the other until it is killed, saying each when it is kept. */
const [folder = '', name = '', mode] = process.argv.slice(2);
const store = openCredentialStore({
  kind: 'file',
  key: 'correct horse',
  folder: join(folder, 'credentials'),
  withLock: lockingIn(join(folder, 'locks')),
});

try {
  for (let n = 0; n === 0 || mode === 'loop'; n++) {
    const big = name === 'big' ? 'x'.repeat(5_000) : `${n}`;
    await store.set(credentialFor(`https://${name}.my.salesforce.com`, { accessToken: big }));
    if (mode === 'loop') process.stdout.write(`${n}\n`);
  }
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  process.stdout.write(`${error.code} ${(error.details as { reason: string }).reason}\n`);
}
