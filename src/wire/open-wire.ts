import type { Dispatcher } from 'undici';
import type { WireAnswer, WireRequest } from './exchange.ts';
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
  let pool: Promise<Dispatcher> | null = null;
  const load = async () => (await import('./open-dispatcher.ts')).openDispatcher(options);
  return {
    async exchange(request, patience, signal) {
      pool ??= load();
      const { exchange } = await import('./exchange.ts');
      return exchange(await pool, request, patience, signal);
    },
    async close() {
      await (await pool)?.close();
    },
  };
}
