import type { Registry } from './registry.ts';

/**
 * A registry that is opened by its first call, each of which may throw what `open` throws. It is opened once for all
 * calls; where that failed, the next call tries again. Where nothing was called there is nothing to close.
 */
export function registryOpenedByUse(open: () => Promise<Registry>): Registry {
  let opening: Promise<Registry> | null = null;
  let isClosed = false;
  const opened = async (): Promise<Registry> => {
    if (isClosed) throw new Error('The list of orgs is closed.');
    opening ??= open();
    const mine = opening;
    try {
      return await mine;
    } catch (error) {
      if (opening === mine) opening = null;
      throw error;
    }
  };
  return {
    list: async () => (await opened()).list(),
    get: async (instanceUrl) => (await opened()).get(instanceUrl),
    isInPlace: async () => (await opened()).isInPlace(),
    resolve: async (text) => (await opened()).resolve(text),
    put: async (org) => (await opened()).put(org),
    update: async (instanceUrl, change) => (await opened()).update(instanceUrl, change),
    move: async (from, to) => (await opened()).move(from, to),
    setAuthState: async (instanceUrl, state) => (await opened()).setAuthState(instanceUrl, state),
    remove: async (instanceUrl) => (await opened()).remove(instanceUrl),
    async [Symbol.asyncDispose]() {
      isClosed = true;
      // Whoever asked was told already that it could not be opened.
      const registry = await opening?.catch(() => null);
      await registry?.[Symbol.asyncDispose]();
    },
  };
}
