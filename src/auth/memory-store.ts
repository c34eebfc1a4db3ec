import type { Credential } from './credential.ts';
import type { CredentialStore } from './credential-store.ts';

/** Keeps credentials for as long as the process runs. */
export function openMemoryStore(): CredentialStore {
  const credentials = new Map<string, Credential>();
  const get = async (instanceUrl: string) => credentials.get(instanceUrl) ?? null;
  return {
    kind: 'memory',
    get,
    glance: get,
    set: async (credential) => {
      credentials.set(credential.instanceUrl, { ...credential });
    },
    delete: async (instanceUrl) => credentials.delete(instanceUrl),
    list: async () => [...credentials.values()],
    probeWritable: async () => {},
  };
}
