import type { SyncContext } from '../../context.ts';
import type { OutboxEntry, Settlement } from '../../ports/outbox-entry.ts';
import type { Remote } from '../../ports/remote.ts';
import type { RunRecorder } from '../../run-recorder.ts';
import { BlockedContacts, type BlockReason, type Undecided } from '../entry/blocked-contacts.ts';
import type { ContactNames } from '../entry/contact-names.ts';
import { SendWidth } from './send-width.ts';

/**
 * The entries in doubt that were told last, by the org they are of. A watch drains each cycle, and people need to hear of each change once. Not
 * kept for the next process: whoever reads what that one says has not been told by this one.
 */
const toldDoubts = new WeakMap<Remote, string>();

/** Entries that an earlier drain could not send, for reasons of their own. */
export interface LeftEntries {
  /** `seq` of each, which an edit of it keeps. */
  places: ReadonlySet<number>;
  /** The first of them. */
  reason: Error;
}

/** What a drain has learned and done so far. */
export class DrainProgress {
  readonly blocked = new BlockedContacts();
  readonly run: RunRecorder;
  readonly #patienceMs: number;
  readonly #leave: LeftEntries | null;
  /** Whether the org takes Idempotency-Keys, as far as this drain knows. */
  idempotent = true;
  readonly width = new SendWidth();
  /** Why no further request leaves; null while they do. */
  stopped: Error | null = null;
  /** Requests in a row, up to the last one, whose answer never came. */
  doubtsInRow = 0;
  /** Requests in a row, up to the last one, of which nothing was taken because of a limit. */
  limitsInRow = 0;
  /** Entries that Salesforce took. */
  written = 0;
  /** Entries that this drain was to send and that still wait. */
  unsent = 0;
  /** Places of those of them that wait for a reason of their own or of their contact, as far as they were gone through. */
  readonly left = new Set<number>();
  /** Entries that the brake has held since this drain began. */
  held = 0;
  /** Keys of edits that go without some of their fields: those are entries of their own, refused and counted. */
  readonly parted = new Set<string>();
  /** Keys of entries that wait for nothing but a person's word about an earlier one of their contact. */
  readonly behind: Record<Undecided, string[]> = { conflict: [], held: [], 'in-doubt': [] };
  /** The first reason of an entry's own for not being sent now, or for a doubt. */
  stuck: Error | null = null;
  /** When the contacts of doubts were looked at last, by the monotonic clock, ms; null before the first look. */
  doubtsReadAt: number | null = null;
  /** Why no further ingest job is made; null where they are. */
  noJobs: Error | null = null;
  /** Whether an entry is to wait until jobs are made again. */
  waitsForJob: (entry: OutboxEntry) => boolean = () => false;
  /** Whether some did. */
  hasWaitedForJob = false;
  #hasMetTrouble = false;
  #spentMs = 0;
  #requests = 0;
  /** The latest begun of the requests whose answer never came. */
  #lastLost = 0;
  /** Requests under way whose last answer was lost. */
  readonly #losing = new Set<number>();

  constructor(
    run: RunRecorder,
    { patienceMs, leave = null }: { patienceMs: number; leave?: LeftEntries | null },
  ) {
    this.run = run;
    this.#patienceMs = patienceMs;
    this.#leave = leave;
  }

  /** All that is open is gone through from its beginning, so that what still waits is met, and counted, anew. */
  beginPass(): void {
    this.unsent = 0;
    this.left.clear();
    this.blocked.beginPass();
    for (const keys of Object.values(this.behind)) keys.length = 0;
  }

  /** An answer that did not come, or a question about entries that failed: it may be the org's trouble, and met by all. */
  meetTrouble(error: Error): void {
    this.stuck ??= error;
    this.#hasMetTrouble = true;
  }

  /** Whether nothing was written, and what was met may be met by all. */
  get isFutile(): boolean {
    return this.#hasMetTrouble && this.written === 0;
  }

  /** Numbers a request in the order in which they begin. */
  beginRequest(): number {
    return ++this.#requests;
  }

  /** Whether the answer to a request that is under way never came, as far as it has been sent yet. */
  noteLost(request: number, isLost: boolean): void {
    if (isLost) this.#losing.add(request);
    else this.#losing.delete(request);
  }

  /** Whether other requests fare badly too: then it is no use to repeat this one now. */
  isTroubled(request: number): boolean {
    const othersLost = this.#losing.size - (this.#losing.has(request) ? 1 : 0);
    return this.stopped !== null || this.doubtsInRow > 0 || this.limitsInRow > 0 || othersLost > 0;
  }

  /** How many requests in a row have lost their answer now. One that began before a lost one says nothing of what came after. */
  endRequest(request: number, isLost: boolean): number {
    this.#losing.delete(request);
    if (isLost) {
      this.#lastLost = Math.max(this.#lastLost, request);
      this.doubtsInRow++;
    } else if (request > this.#lastLost) this.doubtsInRow = 0;
    return this.doubtsInRow;
  }

  /** Takes what a repeat took from the drain's patience. */
  spend(ms: number): void {
    this.#spentMs += ms;
  }

  /** Waits, within the drain's patience; false where that is used up or the work was interrupted. */
  async wait({ clock }: Pick<SyncContext, 'clock'>, ms: number, signal: AbortSignal): Promise<boolean> {
    if (this.#spentMs + ms > this.#patienceMs) return false;
    this.#spentMs += ms;
    await clock.sleep(ms, { signal }).catch(() => {});
    return !signal.aborted;
  }

  /** Why these, which go out together or not at all, must wait; null where nothing stands before them. */
  blockReason(unit: readonly OutboxEntry[], namesOf: ContactNames): BlockReason | null {
    for (const entry of unit) {
      const reason = this.blocked.reason(entry, namesOf(entry));
      if (reason !== null) return reason;
    }
    if (this.#leave !== null && unit.some(({ seq }) => this.#leave?.places.has(seq))) {
      this.stuck ??= this.#leave.reason;
      return 'unsent';
    }
    if (!unit.some((entry) => this.waitsForJob(entry))) return null;
    this.hasWaitedForJob = true;
    return 'unsent';
  }

  block(unit: readonly OutboxEntry[], namesOf: ContactNames, reason: BlockReason): void {
    this.blocked.add(unit, namesOf, reason);
    if (reason === 'unsent') for (const { seq } of unit) this.left.add(seq);
    if (reason === 'unsent' || reason === 'lost') this.unsent += unit.length;
    else for (const { key, state } of unit) if (state === 'pending') this.behind[reason].push(key);
  }

  /** What was decided about an edit before it was sent. */
  countDecided(kind: 'done' | 'drop' | 'reject' | 'conflict'): void {
    if (kind === 'done') this.run.count('alike', 1);
    else if (kind === 'drop') this.run.count('lost', 1);
    else this.run.count(kind === 'reject' ? 'rejected' : 'conflicts', 1);
  }

  get runId(): string {
    return this.run.id;
  }

  countJob(): void {
    this.run.count('ingestJobs', 1);
  }

  count({ op }: Pick<OutboxEntry, 'op'>, settlement: Settlement): void {
    const { run } = this;
    switch (settlement.state) {
      case 'done':
        this.written++;
        run.count('pushed', 1);
        run.count(settlement.created ? 'created' : op === 'delete' ? 'removed' : 'changed', 1);
        break;
      case 'rejected':
        run.count('rejected', 1);
        break;
      case 'in-doubt':
        run.count('inDoubt', 1);
        break;
      case 'conflict':
        run.count('conflicts', 1);
        break;
      case 'pending':
        this.unsent++;
        break;
    }
  }
}

/** Warns of entries that stay in doubt, where they are others than those that were told last. */
export function tellDoubts(context: SyncContext, keys: readonly string[]): void {
  const doubts = keys.toSorted().join(' ');
  if (doubts === (toldDoubts.get(context.remote) ?? '')) return;
  toldDoubts.set(context.remote, doubts);
  if (keys.length === 0) return;
  context.log.warn(
    keys.length === 1
      ? `${context.remote.instanceUrl}: 1 ${context.object.nouns.one} was sent and its answer never came; it stays in doubt until Salesforce tells what became of it`
      : `${context.remote.instanceUrl}: ${keys.length.toLocaleString('en-US')} ${context.object.nouns.many} were sent and their answer never came; they stay in doubt until Salesforce tells what became of them`,
  );
}
