import type { Dispatcher } from 'undici';
import type { exchange, WireAnswer, WireRequest } from './exchange.ts';
import type { PoolOptions } from './open-dispatcher.ts';
import type { Patience } from './timeouts.ts';

/** The way out of this process: one pool of connections for the API, the logins and the doctor. */
export interface Wire {
  /** See `exchange`. */
  exchange(request: WireRequest, patience: Patience, signal?: AbortSignal): Promise<WireAnswer>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/** Through the proxy where one is named. undici's hundred files are loaded by the first request. */
export function openWire(options: PoolOptions = {}): Wire {
  let loading: Promise<Loaded> | null = null;
  return {
    async exchange(request, patience, signal) {
      loading ??= load(options).catch((error: unknown) => {
        // The next request tries again.
        loading = null;
        throw error;
      });
      const { pool, exchange } = await loading;
      return exchange(pool, request, patience, signal);
    },
    async close() {
      const loaded = await loading?.catch(() => null);
      await loaded?.pool.close();
    },
  };
}

interface Loaded {
  pool: Dispatcher;
  exchange: typeof exchange;
}

async function load(options: PoolOptions): Promise<Loaded> {
  const [{ openDispatcher }, { exchange }] = await Promise.all([
    import('./open-dispatcher.ts'),
    import('./exchange.ts'),
  ]);
  return { pool: openDispatcher(options), exchange };
}
