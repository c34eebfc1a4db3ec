import type { Clock } from '../../src/base/clock.ts';
import { type ConnectOptions, connectRemote } from '../../src/salesforce/connect-remote.ts';
import type { TokenSupplier } from '../../src/salesforce/token-supplier.ts';
import type { Remote } from '../../src/sync/ports/remote.ts';
import { openWire, type Wire } from '../../src/wire/open-wire.ts';
import { type ScriptedOrg, startScriptedOrg } from './scripted-org.ts';

export const secretToken = '00D000000000001!SECRET.token_value';

export interface Connected extends AsyncDisposable {
  org: ScriptedOrg;
  remote: Remote;
  /** How long each repeat would have waited; no test sleeps for real. */
  waits: number[];
  renewals: string[];
  wire: Wire;
}

/** A remote on a scripted org. Sleeps end at once and are recorded; the rest of time is real. */
export async function connected(options: Partial<ConnectOptions> = {}): Promise<Connected> {
  const org = await startScriptedOrg();
  const wire = openWire();
  const waits: number[] = [];
  const renewals: string[] = [];
  const clock: Clock = {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    sleep: async (ms, { signal } = {}) => {
      waits.push(ms);
      signal?.throwIfAborted();
    },
  };
  const session: TokenSupplier = {
    instanceUrl: org.url,
    userId: '005000000000001AAA',
    accessToken: async () => (renewals.length === 0 ? secretToken : `${secretToken}${renewals.length}`),
    renew: async (rejected) => {
      renewals.push(rejected);
      return `${secretToken}${renewals.length}`;
    },
  };
  const remote = connectRemote({
    session,
    apiVersion: '62.0',
    wire,
    clock,
    random: () => 0.5,
    ...options,
  });
  return {
    org,
    remote,
    waits,
    renewals,
    wire,
    async [Symbol.asyncDispose]() {
      await wire.close();
      await org[Symbol.asyncDispose]();
    },
  };
}

/** The error that a promise must end with. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('It did not fail.');
}

export function apiFault(errorCode: string, message: string): { body: object } {
  return { body: [{ errorCode, message }] };
}
