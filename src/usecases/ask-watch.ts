import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { CallContext } from '../contract/app.ts';
import type { ProgressEvent } from '../contract/progress.ts';
import type { ReconcileItem, ReconcileOptions } from '../contract/reconcile.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { AskedReconcile } from '../sync/ports/asked-reconcile.ts';
import type { Journal } from '../sync/ports/journal.ts';
import { parseReconcileState } from '../sync/reconcile/reconcile-state.ts';
import type { ConnectParts } from './connect-org.ts';
import { isOrgCompared, type OrgLeases } from './org-lease.ts';
import { progressOf } from './progress-events.ts';
import { completeEventOf, emptyItem, storedEnd } from './reconcile-items.ts';

export interface AskWatchParts extends OrgLeases, Pick<ConnectParts, 'clock'> {
  readonly mirrors: OrgLeases['mirrors'] & Pick<ConnectParts['mirrors'], 'open'>;
}

const lookMs = 1_000;

interface Left {
  /** Null where the watch let go of the org before: it is for whoever takes the org then; the others follow that one. */
  item: ReconcileItem | null;
  /** Of the request, which somebody else may have made. */
  askedId: string;
}

/**
 * Leaves a reconcile to the watch that has the org, and follows it to its end, with the events that it would tell here.
 * `askedId`: of the request, where it was made before.
 */
export async function askWatch(
  parts: AskWatchParts,
  { instanceUrl }: OrgRecord,
  { force, dryRun, wait }: Pick<ReconcileOptions, 'force' | 'dryRun' | 'wait'>,
  { signal, onEvent, askedId = null }: CallContext<ProgressEvent> & { askedId?: string | null },
): Promise<Left> {
  await using mirror = await parts.mirrors.open(instanceUrl, { create: false });
  const { journal, contacts } = mirror;
  const id = await journal.askReconcile({ id: askedId ?? randomUUID(), force, dryRun });
  const left = (item: ReconcileItem | null): Left => ({ item, askedId: id });
  onEvent({ event: 'reconcile:left', instanceUrl });
  if (!wait) return left({ ...emptyItem(instanceUrl), dryRun, status: 'queued' });
  const followed = new FollowedRun(journal, {
    instanceUrl,
    clock: parts.clock,
    tell: onEvent,
  });
  for (;;) {
    if (signal.aborted) return left(leftBehind(instanceUrl, dryRun));
    const asked = await journal.askedReconcile({ id });
    // The mirror was replaced by a copy.
    if (asked === null) return left(null);
    await followed.tellFormer(asked);
    if (asked.state === 'under-way') await followed.tell();
    if (asked.state === 'ended') {
      const item = await itemOf(journal, instanceUrl, asked, (await contacts.counts()).contacts);
      if (item.status === 'complete') onEvent(completeEventOf(item));
      return left(item);
    }
    if (!(await isOrgCompared(parts, instanceUrl))) return left(null);
    await parts.clock.sleep(lookMs, { signal }).catch(() => {});
  }
}

/** Whoever follows it no more ends nothing. */
function leftBehind(instanceUrl: string, dryRun: boolean): ReconcileItem {
  const error = {
    code: 'INTERRUPTED',
    message: 'The reconcile is followed no more; the watch that runs goes on with it.',
    hint: 'The watch goes on with it: `parahack-sync runs` shows what it comes to.',
    details: null,
  };
  return { ...emptyItem(instanceUrl), dryRun, status: 'queued', error };
}

async function itemOf(
  journal: Journal,
  instanceUrl: string,
  { runId, dryRun, ids, formerRunId, error }: AskedReconcile,
  contacts: number,
): Promise<ReconcileItem> {
  return {
    ...emptyItem(instanceUrl),
    ...(await storedEnd(journal, runId)),
    status: error === null ? 'complete' : 'failed',
    dryRun,
    ids,
    contacts,
    runId,
    former: await storedEnd(journal, formerRunId),
    error: error === null ? null : { details: null, ...error },
  };
}

interface FollowOptions {
  instanceUrl: string;
  clock: Pick<Clock, 'monotonicMs'>;
  tell: (event: ProgressEvent) => void;
}

/** The run that another process makes, as its journal tells it. */
class FollowedRun {
  readonly #journal: Journal;
  readonly #options: FollowOptions;
  #begun: { runId: string; rows: number; atMs: number } | null = null;
  #isFormerTold = false;

  constructor(journal: Journal, options: FollowOptions) {
    this.#journal = journal;
    this.#options = options;
  }

  /** The end of an older one that was gone on with, once. */
  async tellFormer({ formerRunId }: Pick<AskedReconcile, 'formerRunId'>): Promise<void> {
    if (formerRunId === null || this.#isFormerTold) return;
    this.#isFormerTold = true;
    const former = await storedEnd(this.#journal, formerRunId);
    const { instanceUrl, tell } = this.#options;
    if (former !== null) tell({ event: 'reconcile:complete', instanceUrl, ...former });
  }

  async tell(): Promise<void> {
    const [run] = await this.#journal.runs({ kind: 'reconcile', status: 'running', limit: 1 });
    const state = run === undefined ? null : parseReconcileState(run);
    if (run === undefined || state === null) return;
    const { rows = 0 } = run.counts;
    const { instanceUrl, clock, tell } = this.#options;
    const onEvent = progressOf(tell);
    const about = { instanceUrl, total: state.total };
    if (this.#begun?.runId !== run.id) {
      const { cause, why, api, dryRun } = state;
      const told = { cause, why, api, dryRun, resumed: rows > 0, runId: run.id };
      onEvent({ type: 'reconcile:start', ...about, ...told });
      this.#begun = { runId: run.id, rows, atMs: clock.monotonicMs() };
    }
    const chunks = await this.#journal.chunks(run.id);
    onEvent({
      type: 'reconcile:progress',
      ...about,
      contacts: rows,
      contactsBefore: this.#begun.rows,
      chunks: chunks.length,
      chunksDone: chunks.filter(({ state: of }) => of === 'done').length,
      apiCalls: run.apiCalls,
      elapsedMs: clock.monotonicMs() - this.#begun.atMs,
    });
  }
}
