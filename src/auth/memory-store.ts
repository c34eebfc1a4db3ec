import type { Credential } from './credential.ts';
import type { CredentialStore } from './credential-store.ts';

/** Keeps credentials for as long as the process runs. */
export function openMemoryStore(): CredentialStore {
  const credentials = new Map<string, Credential>();
  return {
    kind: 'memory',
    get: async (instanceUrl) => credentials.get(instanceUrl) ?? null,
    set: async (credential) => {
      credentials.set(credential.instanceUrl, { ...credential });
    },
    delete: async (instanceUrl) => credentials.delete(instanceUrl),
    list: async () => [...credentials.values()],
    probeWritable: async () => {},
  };
}
