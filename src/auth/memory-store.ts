import type { Credential } from './credential.ts';
import type { CredentialStore } from './credential-store.ts';
import { mayReplace } from './may-replace.ts';

/** Keeps credentials for as long as the process runs. */
export function openMemoryStore(): CredentialStore {
  const credentials = new Map<string, Credential>();
  const get = async (instanceUrl: string) => credentials.get(instanceUrl) ?? null;
  return {
    kind: 'memory',
    get,
    glance: get,
    set: async (credential, { inPlaceOf } = {}) => {
      if (!mayReplace(await get(credential.instanceUrl), inPlaceOf)) return false;
      credentials.set(credential.instanceUrl, { ...credential });
      return true;
    },
    delete: async (instanceUrl) => credentials.delete(instanceUrl),
    list: async () => [...credentials.values()],
    probeWritable: async () => {},
  };
}
