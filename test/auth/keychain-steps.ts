import { openKeychain } from '../../src/auth/keychain.ts';
import { openKeychainStore } from '../../src/auth/keychain-store.ts';
import { isAppError } from '../../src/base/errors.ts';
import { credentialFor } from './salesforce-script.ts';

/** Does the named steps on the system's keychain and prints one JSON line a step: a value, or an error. */
const [instanceUrl = '', ...steps] = process.argv.slice(2);
const store = openKeychainStore(openKeychain('parahack-sync-test'));

const actions: Record<string, () => Promise<unknown>> = {
  get: () => store.get(instanceUrl),
  list: async () => (await store.list()).map((credential) => credential.instanceUrl).sort(),
  delete: () => store.delete(instanceUrl),
  probe: () => store.probeWritable(),
  set: () => store.set(credentialFor(instanceUrl)),
  'set-long': () =>
    store.set(credentialFor(instanceUrl, { accessToken: 'T'.repeat(6_000), privateKey: 'P'.repeat(3_000) })),
};

for (const step of steps) {
  const action = actions[step];
  if (action === undefined) throw new Error(`no step ${step}`);
  const outcome = await action().then(
    (value) => ({ value: value ?? null }),
    (error: unknown) => ({
      error: isAppError(error) ? { code: error.code, details: error.details } : String(error),
    }),
  );
  console.log(JSON.stringify({ step, ...outcome }));
}
