import { openMemoryStore } from '../../src/auth/memory-store.ts';
import type { Session } from '../../src/auth/session.ts';
import { systemClock } from '../../src/base/clock.ts';
import { AppError } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/logger.ts';
import { MemoryLeases } from '../../src/lease/memory-leases.ts';
import type { OrgRecord } from '../../src/orgs/org-record.ts';
import { MemoryCallLedger } from '../../src/store/memory/memory-call-ledger.ts';
import { usualSizes } from '../../src/sync/batch-sizes.ts';
import type { Field, ObjectDescribe } from '../../src/sync/ports/field.ts';
import type { Remote } from '../../src/sync/ports/remote.ts';
import type { RemoteRecords } from '../../src/sync/ports/remote-records.ts';
import { heldLease } from '../support/leases.ts';
import { MemoryFailureNotes } from '../support/memory-failure-notes.ts';
import { MemoryMirrors } from './memory-mirrors.ts';
import { memoryRegistry } from './memory-registry.ts';

export interface OrgBehaviour {
  /** Why no session can be had. */
  session?: () => AppError | null;
  records?: Partial<RemoteRecords>;
}

/** The parts of use cases without files and HTTP: connected orgs that nothing happens in, unless told otherwise. */
export function partsOf(orgs: readonly OrgRecord[], behaviour: Readonly<Record<string, OrgBehaviour>> = {}) {
  const said: string[] = [];
  const say = (level: string) => (message: string) => void said.push(`${level} ${message}`);
  const log: Logger = { debug: () => {}, info: say('info'), warn: say('warn'), error: say('error') };
  // Waits pass at once, and signals are heard.
  const sleep: typeof systemClock.sleep = (_ms, options) => systemClock.sleep(0, options);
  const clock = { ...systemClock, sleep };
  const registry = memoryRegistry(...orgs);
  const closed: string[] = [];
  return {
    registry,
    hasRegistry: async () => true,
    leftMirrors: async (): Promise<string | null> => null,
    hasProcessOrg: false,
    processOrg: async () => null,
    mirrors: new MemoryMirrors(clock),
    credentials: openMemoryStore(),
    leases: new MemoryLeases(),
    config: { apiBudget: 0.25, stopBudgetMs: 60_000 },
    clock,
    sizes: usualSizes,
    calls: new MemoryCallLedger(),
    failureNotes: new MemoryFailureNotes(),
    log,
    /** What was told, as `level message`. */
    said,
    /** Sessions that have ended, by instance URL. */
    closed,
    async openSession(org: OrgRecord): Promise<Session> {
      const failure = behaviour[org.instanceUrl]?.session?.() ?? null;
      if (failure !== null) throw failure;
      const close = async () => void closed.push(org.instanceUrl);
      return {
        ...org,
        accessToken: async () => 'token',
        renew: async () => 'token',
        close,
        [Symbol.asyncDispose]: close,
      };
    },
    openRemote: async (session: Viewer): Promise<Remote> =>
      quietOrg(session, behaviour[session.instanceUrl]?.records),
  };
}

export type Parts = ReturnType<typeof partsOf>;

/** Of a session, what says which org is seen as whom. */
type Viewer = Pick<Session, 'instanceUrl' | 'userId'>;

/** An org that has no contacts and whose contacts never change. */
export function quietOrg(
  { instanceUrl, userId }: Viewer,
  records: Partial<RemoteRecords> = {},
  now = () => Date.now(),
): Remote {
  const answered = () => ({ answeredAt: now(), readAt: now(), durationMs: 0 });
  const quiet: Partial<RemoteRecords> = {
    describe: async () => describe,
    count: async () => 0,
    changes: {
      updated: async () => ({ ids: [], latestDateCovered: now(), ...answered() }),
      deleted: async () => ({
        records: [],
        earliestDateAvailable: 0,
        latestDateCovered: now(),
        ...answered(),
      }),
    },
  };
  // A test that asks for more than this ends with a TypeError that names it.
  const remote: Partial<Remote> = {
    instanceUrl,
    userId,
    clock: { now, told: now },
    usage: { sent: () => 0, reported: () => null, limits: () => Promise.reject(new Error('not asked')) },
    queries: {
      all: async () => ({ records: [], totalSize: 0, readAt: now(), answeredAt: now() }),
      page: async (_soql: string, fields: readonly string[]) => ({
        format: 'query',
        fields,
        readAt: now(),
        expectedRows: null,
        blocks: noRecords(),
      }),
      requestBytes: () => 100,
    } as Partial<Remote['queries']> as Remote['queries'],
    of: () => ({ ...quiet, ...records }) as RemoteRecords,
  };
  return remote as Remote;
}

async function* noRecords() {
  yield new TextEncoder().encode('{"totalSize":0,"done":true,"records":[]}');
}

const field = (name: string, type: string) => ({ name, label: name, type, nillable: true }) as Field;
const describe: ObjectDescribe = {
  lastModified: null,
  fields: [
    field('Id', 'id'),
    field('CreatedDate', 'datetime'),
    field('SystemModstamp', 'datetime'),
    field('IsDeleted', 'boolean'),
    field('MasterRecordId', 'reference'),
    field('LastName', 'string'),
  ],
};

/** Says that the org had its first copy, all changes until `at` included. */
export async function copied(parts: Parts, instanceUrl: string, at = Date.now() - 60_000): Promise<void> {
  const effects = [{ kind: 'set-first-cursors', updated: at, deleted: at } as const];
  await using mirror = await parts.mirrors.open(instanceUrl, {
    create: true,
    lease: heldLease('org-copied'),
  });
  await mirror.commit({ effects });
}

export const loginNeeded = () => new AppError('LOGIN_REQUIRED', 'A login is needed.');

export const calm = <Event>(onEvent: (event: Event) => void = () => {}) => ({
  signal: new AbortController().signal,
  onEvent,
});
