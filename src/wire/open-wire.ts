import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import type { exchange, WireAnswer, WireRequest } from './exchange.ts';
import type { PoolOptions } from './open-dispatcher.ts';
import type { Patience } from './timeouts.ts';

/** The way out of this process: one pool of connections for the API, the logins and the doctor. */
export interface Wire {
  /** See `exchange`. */
  exchange(request: WireRequest, patience: Patience, signal?: AbortSignal): Promise<WireAnswer>;
  /** Cuts what is under way: whoever wants an answer waits for it before. */
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
      await loaded?.close();
    },
  };
}

interface Loaded {
  pool: Dispatcher;
  close(): Promise<void>;
  exchange: typeof exchange;
}

async function load(options: PoolOptions): Promise<Loaded> {
  const [{ openDispatcher }, { exchange }] = await Promise.all([
    import('./open-dispatcher.ts'),
    import('./exchange.ts'),
  ]);
  const connecting = new Set<Socket>();
  const pool = openDispatcher(options, connecting);
  const close = async () => {
    const destroyed = pool.destroy();
    for (const socket of connecting) socket.destroy();
    await destroyed;
  };
  return { pool, close, exchange };
}
