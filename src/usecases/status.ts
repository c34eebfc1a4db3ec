import type { CredentialStore } from '../auth/credential-store.ts';
import type { Clock } from '../base/clock.ts';
import { isoTime } from '../base/iso-time.ts';
import type { Logger } from '../base/logger.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { StatusItem, StatusResult } from '../contract/status.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { callStanding } from '../sync/budget/call-standing.ts';
import { ledgerIdOf } from '../sync/budget/ledger-id.ts';
import { futureMs } from '../sync/future-cursor.ts';
import { lastRuns } from '../sync/last-runs.ts';
import type { CallLedger } from '../sync/ports/call-ledger.ts';
import type { FailureNotes } from '../sync/ports/failure-notes.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { listedOrgs } from './chosen-orgs.ts';
import { failingOf } from './failing-of.ts';
import { type KnownLogin, loginLookup } from './known-login.ts';
import { lastAgreedWhole } from './last-agreed.ts';
import { type OrgLeases, watchLeaseName } from './org-lease.ts';
import { ownShareOf, stretchedWatchOf } from './own-share.ts';
import type { OrgDirectory } from './ports/org-directory.ts';
import { runView } from './runs.ts';

export interface StatusParts extends OrgDirectory, Pick<OrgLeases, 'leases'> {
  readonly credentials: Pick<CredentialStore, 'get' | 'glance'>;
  readonly mirrors: Pick<Mirrors, 'exists' | 'open'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly calls: CallLedger;
  readonly failureNotes: Pick<FailureNotes, 'read'>;
  readonly config: { readonly apiBudget: number };
  readonly log: Pick<Logger, 'warn'>;
}

/** What is known here of each org; asks nobody. */
export async function status(parts: StatusParts, { org }: { org: string | null }): Promise<StatusResult> {
  const orgs: StatusItem[] = [];
  const lookUp = loginLookup(parts, { quick: true });
  const holder = await parts.leases.holderOf(watchLeaseName);
  const records = await listedOrgs(parts, org);
  for (const record of records) {
    const item = await statusOf(parts, record, await lookUp(record));
    orgs.push({ ...item, failing: failingOf(parts, record, { item, holder }) });
  }
  return {
    orgs,
    watch: { running: holder !== null, pid: holder?.pid ?? null, since: isoTime(holder?.since ?? null) },
  };
}

async function statusOf(
  parts: StatusParts,
  org: OrgRecord,
  { auth, authReason }: KnownLogin,
): Promise<StatusItem> {
  const { instanceUrl, alias, username, orgId, sync, twoWay, conflicts } = org;
  const item: StatusItem = {
    instanceUrl,
    alias,
    // An org of the environment says who it is only when it is called, and status calls nobody.
    username: username === '' ? null : username,
    orgId: orgId === '' ? null : orgId,
    sync,
    twoWay,
    conflicts,
    auth,
    authReason,
    database: null,
    contacts: null,
    deleted: null,
    coveredUntil: null,
    lagSeconds: null,
    agreedAt: null,
    lastBackfill: null,
    lastCycle: null,
    lastReconcile: null,
    outbox: { pending: 0, rejected: 0, inDoubt: 0, held: 0, conflicts: 0 },
    api: nothingKnown,
    failing: null,
    error: null,
  };
  if (!(await parts.mirrors.exists(instanceUrl))) {
    return { ...item, api: await apiOf(parts, org, orgId) };
  }
  try {
    await using mirror = await parts.mirrors.open(instanceUrl, { create: false });
    const { contacts, deleted } = await mirror.contacts.counts();
    const cursors = await mirror.journal.cursors();
    const covered =
      cursors.updated === null || cursors.deleted === null
        ? null
        : Math.min(cursors.updated, cursors.deleted);
    const [lastBackfill] = await mirror.journal.runs({ ...lastRuns.backfill, limit: 1 });
    const [lastCycle] = await mirror.journal.runs({ ...lastRuns.cycle, limit: 1 });
    const [lastReconcile] = await mirror.journal.runs({ ...lastRuns.reconcile, limit: 1 });
    const counts = await mirror.outbox.counts();
    const identity = await mirror.identity();
    const { on, conflicts: policy } = await mirror.twoWay();
    return {
      ...item,
      twoWay: on,
      conflicts: policy,
      database: mirror.location,
      contacts,
      deleted,
      coveredUntil: isoTime(covered),
      lagSeconds: lagOf(covered, parts.clock.now()),
      agreedAt: isoTime(await lastAgreedWhole(mirror)),
      lastBackfill: lastBackfill === undefined ? null : await runView(parts, instanceUrl, lastBackfill),
      lastCycle: lastCycle === undefined ? null : await runView(parts, instanceUrl, lastCycle),
      lastReconcile: lastReconcile === undefined ? null : await runView(parts, instanceUrl, lastReconcile),
      outbox: {
        pending: counts.pending,
        rejected: counts.rejected,
        inDoubt: counts.sent + counts['in-doubt'],
        held: counts.held,
        conflicts: counts.conflict,
      },
      api: await apiOf(parts, org, orgId || (identity?.orgId ?? '')),
    };
  } catch (error) {
    const outbox = { pending: null, rejected: null, inDoubt: null, held: null, conflicts: null };
    return { ...item, outbox, api: await apiOf(parts, org, orgId), error: errorInfoOf(error) };
  }
}

const nothingKnown: StatusItem['api'] = {
  used: null,
  max: null,
  at: null,
  app: null,
  share: null,
  stretched: null,
};

/** Never throws: a count that cannot be read keeps nobody from the rest; the next call to the org says why. */
async function apiOf(
  { calls, clock, config }: StatusParts,
  { budget }: OrgRecord,
  orgId: string,
): Promise<StatusItem['api']> {
  if (orgId === '') return nothingKnown;
  try {
    const share = budget ?? config.apiBudget;
    const id = ledgerIdOf(orgId);
    const standing = await callStanding(calls, id, { share, now: clock.now() });
    const { reported } = standing;
    return {
      used: reported?.used ?? null,
      max: reported?.max ?? null,
      at: isoTime(reported?.at ?? null),
      app: reported?.app ?? null,
      share: ownShareOf(share, standing),
      stretched: stretchedWatchOf(await calls.stretched(id)),
    };
  } catch {
    return nothingKnown;
  }
}

/** Seconds; null where the cursor lies so far ahead of this machine's clock that one of the two must be wrong. */
function lagOf(covered: number | null, now: number): number | null {
  if (covered === null || covered > now + futureMs) return null;
  return Math.max(0, Math.round((now - covered) / 1000));
}
