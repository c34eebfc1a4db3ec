import { type Clock, systemClock } from '../base/clock.ts';
import { type Logger, silentLogger } from '../base/logger.ts';
import type { Remote } from '../sync/ports/remote.ts';
import type { Wire } from '../wire/open-wire.ts';
import { type BodyPace, defaultPace, defaultTimeouts, type Patience } from '../wire/timeouts.ts';
import { ApiClient } from './api-client.ts';
import { type ApiGate, openGate } from './api-gate.ts';
import { bulkQueries } from './bulk-query.ts';
import { fieldsOfObject } from './describe-object.ts';
import { OrgClock } from './org-clock.ts';
import { fetchIdentity, fetchLimits } from './org-facts.ts';
import { ownPath } from './org-url.ts';
import { queryAllPages, queryPage, queryPath } from './queries.ts';
import { remoteRecords } from './remote-records.ts';
import type { TokenSupplier } from './token-supplier.ts';

export interface ConnectOptions {
  session: TokenSupplier;
  /** `62.0`, without the v. */
  apiVersion: string;
  /** The caller closes it. */
  wire: Wire;
  gate?: ApiGate;
  clock?: Clock;
  log?: Logger;
  timeouts?: Partial<Patience>;
  pace?: BodyPace;
  /** `name/version`, sent as User-Agent and Sforce-Call-Options. */
  product?: string;
  /** Whether answers may come compressed. */
  gzip?: boolean;
  /** Org time in ms that `now()` must lie after: the latest that the mirror has stored. */
  notBefore?: number;
  /** This machine's wall clock, which the org's first answer is held against; without it any is believed. */
  wallMs?: () => number;
  /** For the jitter of repeats; tests hand in their own. */
  random?: () => number;
}

/** One org, reached over HTTP. Opens nothing and sends nothing by itself. */
export function connectRemote(options: ConnectOptions): Remote {
  const { session, apiVersion, clock = systemClock } = options;
  const orgClock = new OrgClock(() => clock.monotonicMs(), options.notBefore, options.wallMs);
  const client = new ApiClient({
    session,
    wire: options.wire,
    gate: options.gate ?? openGate,
    clock,
    orgClock,
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    pace: options.pace ?? defaultPace,
    log: options.log ?? silentLogger,
    product: options.product ?? 'parahack-sync',
    gzip: options.gzip ?? true,
    random: options.random,
  });
  const root = `/services/data/v${apiVersion}`;
  const own = (url: string) => ownPath(url, session.instanceUrl, session.apiUrl);
  const context = { client, orgClock, root, apiVersion, ownPath: own };
  const jsforce = { client, instanceUrl: session.instanceUrl, apiVersion };

  return {
    instanceUrl: session.instanceUrl,
    userId: session.userId,
    clock: { now: () => orgClock.now(), told: () => orgClock.told() },
    usage: {
      sent: () => client.calls,
      reported: () => client.usage,
      limits: ({ signal } = {}) => fetchLimits(client, root, signal),
    },
    queries: {
      all: (soql, o = {}) => queryAllPages(context, soql, o),
      page: (soql, fields, o = {}) => queryPage(context, soql, fields, o),
      requestBytes: (soql) =>
        client.requestBytes(queryPath(root, soql, false), { 'sforce-query-options': 'batchSize=2000' }),
      fieldsOf: (object, o = {}) => fieldsOfObject(jsforce, object, o),
    },
    bulk: bulkQueries(context),
    identity: ({ signal } = {}) => fetchIdentity(client, root, signal),
    of: (object) => remoteRecords(object, context, jsforce),
  };
}
