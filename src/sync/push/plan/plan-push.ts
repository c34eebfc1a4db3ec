import type { SyncContext } from '../../context.ts';
import type { OutboxOp, SendWay } from '../../ports/outbox-entry.ts';
import type { StagingDraft } from '../../ports/outbox-staging.ts';
import { BlockedContacts, type BlockReason } from '../entry/blocked-contacts.ts';
import { contactNames } from '../entry/contact-names.ts';
import { readBackCalls } from '../read-back/read-back.ts';
import { BehindLost } from './behind-lost.ts';
import { ContactLine } from './contact-line.ts';
import { openPages } from './open-pages.ts';
import { type PlannedJob, planJob } from './plan-job.ts';
import { type Blocks, planPage } from './plan-page.ts';
import type { PlannedRequest } from './plan-requests.ts';
import { WaitingEntries } from './waiting-entries.ts';

export type PlannedKind = OutboxOp | 'upsert';

/** How the records of one kind would go by one way. */
export interface PlannedSend {
  does: PlannedKind;
  way: SendWay;
  records: number;
  /** Ingest jobs; 0 by other ways. */
  jobs: number;
  /** Requests that write. */
  requests: number;
}

export interface PushPlan {
  sends: PlannedSend[];
  /** Records that would be held until somebody approves them. */
  held: number;
  /** Records that would wait until somebody decides about an earlier change of their contact. */
  behind: number;
  /** Records that would wait until Salesforce has said that an earlier request of their contact, which was cut, is over. */
  waiting: number;
  /** Entries of others in the outbox that would be sent along. */
  older: number;
  /**
   * Requests, where Salesforce takes everything at once. `others` look things up and read contacts back; null where they
   * cannot be known: how often a job is asked about depends on how long it takes.
   */
  requests: { writes: number; others: number | null };
}

/** A job is made, filled and closed. */
const requestsPerJob = 3;

/**
 * How the records of a draft would be sent now, and what else waits with them: planned as a drain plans it, as if each request
 * had done its work, and Salesforce had said by now what is over. `checks`: requests that it took to check the records. `overBefore`: which
 * requests without an answer it would say so of.
 */
export async function planPush(
  context: Pick<SyncContext, 'mirror' | 'object' | 'sizes'>,
  draft: StagingDraft,
  { checks, overBefore }: { checks: number; overBefore: number },
): Promise<PushPlan> {
  const { outbox } = context.mirror;
  const waiting = new WaitingEntries(outbox, draft);
  const planned = new Planned(waiting);
  const { 'in-doubt': inDoubt, sent } = await outbox.counts();
  const behindLost = await BehindLost.of(context, { overBefore });
  for (;;) {
    const job = await planJob(context, waiting, behindLost);
    if (job === null) break;
    planned.addJob(job);
  }
  const blocks = behindLost.before(planned);
  for (let deferred = -1; deferred !== 0; ) {
    const line = new ContactLine();
    planned.beginPass();
    for await (const { listed, begun } of openPages(waiting, async () => line.beginPage())) {
      const namesOf = await contactNames(context, listed);
      const options = { namesOf, blocks, line: begun, idempotent: true };
      for (const request of await planPage(context, listed, options)) planned.addRequest(request);
      begun.end();
    }
    // Each pass plans at least the first in line; where it does not, nothing more can be planned.
    if (line.deferred === deferred) break;
    deferred = line.deferred;
  }
  const { sends, older, held, behind, waiting: lost, jobs } = planned.told();
  const having = (is: (does: PlannedKind) => boolean) =>
    sends.reduce((sum, { does, records }) => sum + (is(does) ? records : 0), 0);
  const deletes = having((does) => does === 'delete');
  const written = having((does) => does !== 'delete');
  const known = jobs === 0 && older === 0 && inDoubt + sent === 0;
  return {
    sends,
    held,
    behind,
    waiting: lost,
    older,
    requests: {
      writes: sends.reduce((sum, { requests }) => sum + requests, 0),
      others: known ? checks + readBackCalls({ written, deletes }, context.sizes) : null,
    },
  };
}

/** Counts what is planned, and takes it off what waits. */
class Planned implements Blocks {
  readonly #waiting: WaitingEntries;
  readonly #sends = new Map<string, PlannedSend>();
  #blocked = new BlockedContacts();
  #held = 0;
  #behind = 0;
  /** Records behind requests that were cut. */
  #lost = 0;
  #older = 0;
  #jobs = 0;

  constructor(waiting: WaitingEntries) {
    this.#waiting = waiting;
  }

  /** What stood in the way of the last pass is found anew by the next one. */
  beginPass(): void {
    this.#blocked = new BlockedContacts();
    this.#held = 0;
    this.#behind = 0;
    this.#lost = 0;
  }

  addJob({ operation, keys }: PlannedJob): void {
    const own = this.#take(keys);
    const does = operation === 'insert' ? 'create' : operation;
    this.#jobs++;
    if (own > 0) this.#add({ does, way: 'bulk', records: own, jobs: 1, requests: requestsPerJob });
  }

  addRequest({ way, entries }: PlannedRequest): void {
    const own = this.#take(entries.map(({ key }) => key));
    const [first] = entries;
    if (own === 0 || first === undefined) return;
    const does = first.upsertField === null ? first.op : 'upsert';
    this.#add({ does, way, records: own, jobs: 0, requests: 1 });
  }

  blockReason: Blocks['blockReason'] = (unit, namesOf) => {
    const reasons = unit.map((entry) => this.#blocked.reason(entry, namesOf(entry)));
    return reasons.find((reason) => reason !== null) ?? null;
  };

  block: Blocks['block'] = (unit, namesOf, reason: BlockReason) => {
    this.#blocked.add(unit, namesOf, reason);
    for (const { key, state } of unit) {
      if (this.#waiting.isOther(key)) continue;
      if (state === 'held') this.#held++;
      else if (reason === 'lost') this.#lost++;
      else this.#behind++;
    }
  };

  told(): Pick<PushPlan, 'sends' | 'held' | 'behind' | 'waiting' | 'older'> & { jobs: number } {
    const left = { held: this.#held, behind: this.#behind, waiting: this.#lost };
    return { sends: [...this.#sends.values()], ...left, older: this.#older, jobs: this.#jobs };
  }

  #take(keys: readonly string[]): number {
    this.#waiting.take(keys);
    const others = keys.filter((key) => this.#waiting.isOther(key)).length;
    this.#older += others;
    return keys.length - others;
  }

  #add({ does, way, records, jobs, requests }: PlannedSend): void {
    const name = `${does} ${way}`;
    const before = this.#sends.get(name) ?? { does, way, records: 0, jobs: 0, requests: 0 };
    this.#sends.set(name, {
      ...before,
      records: before.records + records,
      jobs: before.jobs + jobs,
      requests: before.requests + requests,
    });
  }
}
