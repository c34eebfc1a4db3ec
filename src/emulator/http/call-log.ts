/** One request as `GET /__emulator/calls` shows it. */
export interface LoggedCall {
  /** The org's time of arrival, ISO 8601. */
  at: string;
  method: string;
  /** Path and query, secrets struck out. */
  path: string;
  /** 0 where the connection was cut before an answer began. */
  status: number;
  /** Bytes of body sent, as they went over the wire. */
  bytes: number;
  ms: number;
  /** Whether the client got less than the whole answer. */
  cut: boolean;
  /** The work was done although its answer was lost. */
  committed: boolean;
}

/** The part of a socket that tells how it ended. */
interface Connection {
  once(event: 'close', listener: (hadError: boolean) => void): unknown;
}

const capacity = 10_000;
const secretParams =
  /^(access_token|refresh_token|oauth_token|token|client_secret|code|password|pw|assertion|sid|code_verifier|.*csrf.*)$/i;

/** The last 10,000 finished requests in order of arrival, in memory. */
export class CallLog {
  #entries: (LoggedCall & { done: boolean })[] = [];
  readonly #lastOf = new WeakMap<Connection, LoggedCall>();
  readonly #byRoute = new Map<string, number>();
  #total = 0;

  /** Takes a place in the order of arrival; the returned entry is filled in and closed when the answer is out. */
  open(at: string, method: string, target: string): LoggedCall & { done: boolean } {
    const entry = {
      at,
      method,
      path: withoutSecrets(target),
      status: 0,
      bytes: 0,
      ms: 0,
      cut: false,
      committed: false,
      done: false,
    };
    this.#entries.push(entry);
    // Trimmed in bulk: shift() of a long array for every request would cost more than the request.
    if (this.#entries.length >= capacity * 2) this.#entries = this.#entries.slice(-capacity);
    return entry;
  }

  close(entry: LoggedCall & { done: boolean }, route: string): void {
    if (entry.done) return;
    entry.done = true;
    this.#total++;
    this.#byRoute.set(route, (this.#byRoute.get(route) ?? 0) + 1);
  }

  /**
   * A client that vanishes with its answer unread resets the connection: then its last call counts as cut, though
   * every byte was handed to the system.
   */
  watch(connection: Connection, entry: LoggedCall): void {
    const known = this.#lastOf.has(connection);
    this.#lastOf.set(connection, entry);
    if (known) return;
    connection.once('close', (hadError: boolean) => {
      const last = this.#lastOf.get(connection);
      if (hadError && last) last.cut = true;
    });
  }

  list(limit = capacity): LoggedCall[] {
    return this.#entries
      .filter((e) => e.done)
      .slice(-limit)
      .map(({ done: _, ...call }) => call);
  }

  get total(): number {
    return this.#total;
  }

  routes(): Record<string, number> {
    return Object.fromEntries([...this.#byRoute].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  clear(): void {
    this.#entries = [];
    this.#byRoute.clear();
    this.#total = 0;
  }
}

/** Strikes secrets out of a request target's query. */
function withoutSecrets(target: string): string {
  const mark = target.indexOf('?');
  if (mark < 0) return target;
  const query = target
    .slice(mark + 1)
    .split('&')
    .map((pair) => {
      const name = pair.split('=', 1)[0] ?? '';
      return secretParams.test(name) ? `${name}=***` : pair;
    });
  return `${target.slice(0, mark)}?${query.join('&')}`;
}

/** A path with ids, locators and values left out, so that calls can be counted by what they are. */
export function routeOf(method: string, path: string): string {
  const generic = path
    .replace(/\/v\d+\.\d+(?=\/|$)/, '/vNN.0')
    .split('/')
    .map((s) => (/^[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?(?:-\d+)?$/.test(s) && /\d/.test(s) ? ':id' : s))
    .join('/')
    .replace(/(\/(?:query|queryAll)\/).+$/, '$1:locator')
    .replace(/(\/sobjects\/[^/]+\/[^/]+\/)[^/]+$/, '$1:value');
  return `${method} ${generic.slice(0, 200)}`;
}
