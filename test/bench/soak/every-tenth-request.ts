import { Seeded } from '../../model/seeded.ts';
import type { SoakedOrg } from './soaked-org.ts';

/** Longer than the client waits for the head of an answer. */
const silenceMs = 160_000;
const lock = 'unable to obtain exclusive access to this record';

/**
 * Ways in which a request can fail that pass by themselves, how often each of a round of faults. Those that keep an org
 * waiting for minutes are the rarest, so that most of the time is work.
 */
const kinds: Record<string, { often: number; fault: Record<string, unknown> }> = {
  '500': { often: 6, fault: { status: 500 } },
  '503': { often: 6, fault: { status: 503 } },
  '503 Retry-After': { often: 6, fault: { status: 503, headers: { 'Retry-After': '3' } } },
  '503 page': { often: 4, fault: { status: 503, body: '<html><body>Down for maintenance</body></html>' } },
  '502 page': { often: 4, fault: { status: 502, body: '<html><body>Bad gateway</body></html>' } },
  '504': { often: 2, fault: { status: 504 } },
  '429': { often: 4, fault: { status: 429, headers: { 'Retry-After': '2' } } },
  '429 without Retry-After': { often: 4, fault: { status: 429 } },
  '403 daily limit': { often: 1, fault: { errorCode: 'REQUEST_LIMIT_EXCEEDED' } },
  '403 concurrent limit': {
    often: 6,
    fault: {
      errorCode: 'REQUEST_LIMIT_EXCEEDED',
      message: 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
    },
  },
  '401': { often: 6, fault: { match: '/services/data/', status: 401 } },
  '400 query timeout': {
    often: 2,
    fault: { match: '/services/data/', status: 400, errorCode: 'QUERY_TIMEOUT' },
  },
  '400 locked row': {
    often: 2,
    fault: { match: '/services/data/', status: 400, errorCode: 'UNABLE_TO_LOCK_ROW', message: lock },
  },
  '200 page': { often: 4, fault: { status: 200, body: '<html><body>Sign in to the network</body></html>' } },
  '200 truncated JSON': {
    often: 6,
    fault: { status: 200, body: '{"totalSize":3,"done":true,"records":[{"attri' },
  },
  'cut before': { often: 6, fault: { reset: 'before' } },
  'cut after the work': { often: 4, fault: { reset: 'after-commit' } },
  'cut in the head of the body': { often: 4, fault: { dropAfterBytes: 1 } },
  'cut body': { often: 6, fault: { dropAfterBytes: 200 } },
  slow: { often: 4, fault: { delayMs: 4_000 } },
  silent: { often: 1, fault: { delayMs: silenceMs } },
};

const roundsAtOnce = 30;
const kindHeader = 'X-Soak-Fault';

/** The kind of the fault that the org meets next; null where none is left. */
export async function nextFault(org: SoakedOrg): Promise<string | null> {
  const [next] = await org.get<{ headers: Record<string, string> }[]>('faults');
  return next?.headers[kindHeader] ?? null;
}

/** Faults that spoil every tenth request of an org, each round in an order of its own. */
export class EveryTenthRequest {
  readonly #org: SoakedOrg;
  readonly #planted = new Map<string, number>();

  constructor(org: SoakedOrg) {
    this.#org = org;
  }

  async plant(seed: number): Promise<void> {
    const chance = new Seeded(seed);
    const faults: Record<string, unknown>[] = [];
    for (let round = 0; round < roundsAtOnce; round++) {
      const names = Object.entries(kinds).flatMap(([name, { often }]) => Array<string>(often).fill(name));
      while (names.length > 0) {
        const [name] = names.splice(chance.below(names.length), 1) as [string];
        const fault = kinds[name]?.fault;
        const headers = { ...(fault?.headers as object), [kindHeader]: name };
        faults.push({ match: '/services/', ...fault, headers, skip: 9 });
        this.#planted.set(name, (this.#planted.get(name) ?? 0) + 1);
      }
    }
    if ((await this.#org.post('faults', faults)) === null) throw new Error('The faults are refused.');
  }

  /** How many requests each kind has spoilt. */
  async met(): Promise<Map<string, number>> {
    const left = await this.#org.get<{ headers: Record<string, string> }[]>('faults');
    const met = new Map(this.#planted);
    for (const { headers } of left) {
      const name = headers[kindHeader] as string;
      met.set(name, (met.get(name) ?? 0) - 1);
    }
    return met;
  }

  async clear(): Promise<void> {
    await this.#org.post('faults', []);
  }
}
