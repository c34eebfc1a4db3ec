import type { Clock } from '../../base/clock.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { CallLedger, ReportedUsage, SlotCalls } from '../ports/call-ledger.ts';
import { believedUsage } from './believed-usage.ts';
import { orgRunsHigh, shareIsUsed } from './budget-refusals.ts';
import { dayMs, slotOf, spanAt } from './call-slots.ts';
import { type CallStanding, standingOf } from './call-standing.ts';
import { ledgerIdOf } from './ledger-id.ts';
import { lostCalls } from './lost-calls.ts';
import { OrgRest } from './org-rest.ts';
import {
  type CallPurpose,
  callsIn,
  hasLimitFallen,
  limitOf,
  pauseAt,
  roomAfterMs,
  type Share,
  shareOf,
} from './share.ts';

export interface ApiBudgetOptions {
  ledger: CallLedger;
  /** 15 or 18 characters. */
  orgId: string;
  instanceUrl: string;
  clock: Pick<Clock, 'now' | 'sleep'>;
  /** Share of the org's daily requests that this tool's own calls may take in a rolling day, 0 to 1. */
  share: number;
}

/** What there is to say of a call besides the usage. */
export interface CallEnd {
  unsent?: boolean;
  asked?: { kind: 'pull' | 'push'; restMs: number } | null;
}

/** Calls set aside for this process: of one slot and one purpose. */
interface Block {
  purpose: CallPurpose;
  slot: number;
  left: number;
}

/** The first block of a piece of work; each further one is twice as large. */
const firstBlock = 5;
const largestBlock = 100;
/** Of what is left, so that near the end of the share what one process sets aside keeps no other from its work. */
const blockShareOfRoom = 1 / 8;

/** The org's usage is known from answers only, so a paused tool looks again after this long. */
const lookAgainMs = 5 * 60_000;
/** Calls of a look until one is answered with the usage: who the session is, which a process asks first, goes without. */
const callsOfLook = 3;

/**
 * Keeps the tool to its own share of an org's daily API requests, together with all other processes of the installation, and
 * yields when the org as a whole runs high: the limits belong to the org's users. Calls are reserved in the ledger in
 * blocks before they are made, so that a process that is killed has at most noted more than it has called.
 */
export class ApiBudget {
  readonly #options: ApiBudgetOptions;
  readonly #orgId: string;
  readonly #rest: OrgRest;
  /** One reserves at a time; the others find what it has reserved. */
  readonly #reserving = new Semaphore(1);
  #block: Block | null = null;
  #blockSize = firstBlock;
  #reported: ReportedUsage | null = null;
  #isToldToAll = true;
  #underWay = 0;
  /** Calls that a look has left, as none so far was answered with the usage. */
  #looksLeft = 0;
  #pushes = 0;
  #resting = 0;

  constructor(options: ApiBudgetOptions) {
    this.#options = options;
    this.#orgId = ledgerIdOf(options.orgId);
    this.#rest = new OrgRest({ ...options, orgId: this.#orgId });
  }

  /**
   * Called before each request. Throws `API_BUDGET_EXHAUSTED`, or `ORG_UNAVAILABLE` where the org has asked any process for a
   * long rest, with `retryAfterMs` in their details, or what keeps the ledger from being written.
   */
  async before(kind: CallPurpose, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const purpose = this.#pushes > 0 ? 'push' : kind;
    if (purpose !== 'look') await this.#keepRest(purpose, { signal });
    if (!this.#takeFromBlock(purpose))
      await this.#reserving.run(() => this.#takeReserved(purpose), { signal });
    this.#underWay++;
  }

  /**
   * Called once after each `before` that let a request through. `unsent`: it never reached the org, so its call is free for
   * the next one; where the block is settled meanwhile it stays noted, as more than was called. `asked`: the org asks for
   * rest, which all processes keep.
   */
  after(usage: ReportedUsage | null, { unsent = false, asked = null }: CallEnd = {}): void {
    this.#underWay--;
    if (asked !== null) this.#rest.note(this.#pushes > 0 ? 'push' : asked.kind, asked.restMs);
    if (unsent && this.#block?.slot === slotOf(this.#options.clock.now())) this.#block.left++;
    if (usage === null) return;
    this.#looksLeft = 0;
    this.#reported = this.#later(this.#reported, usage);
    this.#isToldToAll = false;
  }

  /** All calls of `work` are a push's, its reads included: they may take what pulls leave to pushes. */
  async asPush<T>(work: () => Promise<T>): Promise<T> {
    this.#pushes++;
    try {
      return await work();
    } finally {
      this.#pushes--;
    }
  }

  /** Whether a call waits now because the org has asked for rest. */
  get isResting(): boolean {
    return this.#resting > 0;
  }

  async #keepRest(purpose: 'pull' | 'push', options: { signal?: AbortSignal | undefined }): Promise<void> {
    this.#resting++;
    try {
      await this.#rest.keep(purpose, options);
    } finally {
      this.#resting--;
    }
  }

  /** Calls that pulls may still make now; null before the org has told its limit. */
  async remaining(): Promise<number | null> {
    const { slots, share, reported } = await this.#look();
    if (reported === null) return null;
    const own = limitOf(share, 'pull') - callsIn(slots) + (this.#block?.left ?? 0);
    return Math.max(0, Math.floor(Math.min(own, levelRoom(reported, 'pull'))));
  }

  /** After how long so many calls of pulls fit into the share at once, ms; null where that is not known, or never. */
  async fitsAfterMs(calls: number): Promise<number | null> {
    const { slots, share, reported } = await this.#look();
    if (reported === null || levelRoom(reported, 'pull') < calls) return null;
    const limit = limitOf(share, 'pull');
    return roomAfterMs(slots, { wanted: calls, limit, now: this.#options.clock.now() });
  }

  /** As all processes have noted it; what this one has set aside counts as made. */
  async standing(): Promise<CallStanding> {
    const { clock, share } = this.#options;
    const { slots, reported } = await this.#look();
    return standingOf({ slots, reported }, { share, now: clock.now() });
  }

  /** Gives back what was reserved and not needed, and tells all what the org said last: at the end of each piece of work. */
  async settle(): Promise<void> {
    await this.#reserving.run(async () => {
      this.#blockSize = firstBlock;
      await this.#giveBack();
      await this.#tellAll();
    });
  }

  #takeFromBlock(purpose: CallPurpose): boolean {
    const block = this.#block;
    if (block === null || block.left === 0 || block.purpose !== purpose) return false;
    if (block.slot !== slotOf(this.#options.clock.now()) || this.#isHigh(purpose)) return false;
    block.left--;
    return true;
  }

  async #takeReserved(purpose: CallPurpose): Promise<void> {
    if (this.#takeFromBlock(purpose)) return;
    await this.#giveBack();
    await this.#tellAll();
    const { ledger, clock } = this.#options;
    const isDayKnown = await this.#makeUpForLoss();
    const { slots, share, reported } = await this.#look();
    const isLook = await this.#isLookOnly(purpose);
    const calls = isLook || !isDayKnown ? 1 : this.#nextBlock(slots, share, purpose);
    const now = clock.now();
    const slot = slotOf(now);
    const limit = limitOf(share, purpose);
    const span = spanAt(now);
    let left = await ledger.reserve(this.#orgId, { slot, span, calls, limit });
    // The org's limit may have been raised since it was told, which only an answer says.
    const isLimitOld = purpose === 'look' || hasLimitFallen(reported, callsIn(slots));
    if (left === 0 && isLimitOld && (isLook || (await this.#mayLook(now))))
      left = await ledger.reserve(this.#orgId, { slot, span, calls: 1, limit: Number.POSITIVE_INFINITY });
    if (left === 0) throw this.#shareIsUsed(await this.#look(), purpose);
    this.#block = { purpose, slot, left: left - 1 };
  }

  #nextBlock(slots: readonly SlotCalls[], share: Share, purpose: CallPurpose): number {
    const room = Math.min(
      limitOf(share, purpose) - callsIn(slots),
      this.#reported === null ? firstBlock : levelRoom(this.#reported, purpose),
    );
    const calls = Math.max(1, Math.min(this.#blockSize, Math.floor(room * blockShareOfRoom)));
    this.#blockSize = Math.min(this.#blockSize * 2, largestBlock);
    return calls;
  }

  /** Whether the call is to tell if a paused org has room again. Throws where it is paused and looked at already. */
  async #isLookOnly(purpose: CallPurpose): Promise<boolean> {
    const { clock, instanceUrl } = this.#options;
    const reported = this.#reported;
    if (reported === null || !this.#isHigh(purpose)) return false;
    const now = clock.now();
    const sinceMs = Math.abs(now - reported.at);
    if (sinceMs >= lookAgainMs && (await this.#mayLook(now))) return true;
    const retryAfterMs = sinceMs < lookAgainMs ? lookAgainMs - sinceMs : lookAgainMs;
    throw orgRunsHigh(instanceUrl, { reported, purpose, retryAfterMs });
  }

  async #mayLook(now: number): Promise<boolean> {
    if (this.#looksLeft > 0 && this.#underWay === 0) {
      this.#looksLeft--;
      return true;
    }
    if (!(await this.#options.ledger.mayLook(this.#orgId, { now, everyMs: lookAgainMs }))) return false;
    this.#looksLeft = callsOfLook - 1;
    return true;
  }

  #isHigh(purpose: CallPurpose): boolean {
    return this.#reported !== null && levelRoom(this.#reported, purpose) <= this.#underWay;
  }

  #shareIsUsed({ slots, share, reported }: Known, purpose: CallPurpose): Error {
    const { instanceUrl, clock, share: budget } = this.#options;
    const limit = limitOf(share, purpose);
    const own = callsIn(slots);
    const roomInMs = roomAfterMs(slots, { wanted: 1, limit, now: clock.now() });
    const retryAfterMs = hasLimitFallen(reported, own)
      ? Math.min(roomInMs ?? lookAgainMs, lookAgainMs)
      : roomInMs;
    return shareIsUsed(instanceUrl, { own, limit, purpose, share: budget, retryAfterMs });
  }

  /** Whether it is known what was called in the last 24 hours, or noted what may have been. */
  async #makeUpForLoss(): Promise<boolean> {
    const { ledger, clock, share } = this.#options;
    const lostAt = await ledger.lostAt(this.#orgId);
    const now = clock.now();
    if (lostAt === null || Math.abs(now - lostAt) > dayMs) return true;
    const { slots, reported } = await this.#look();
    // What was told before may be of yesterday.
    if (reported === null || reported.at < Math.min(lostAt, now)) return false;
    await ledger.noteLost(this.#orgId, lostCalls(reported, { share, known: callsIn(slots), lostAt }));
    return true;
  }

  async #look(): Promise<Known> {
    const { ledger, clock, share } = this.#options;
    const slots = await ledger.callsOf(this.#orgId, spanAt(clock.now()));
    this.#reported = this.#later(this.#reported, await ledger.reported(this.#orgId));
    return { slots, reported: this.#reported, share: shareOf(share, this.#reported) };
  }

  #later(one: ReportedUsage | null, other: ReportedUsage | null): ReportedUsage | null {
    const now = this.#options.clock.now();
    const [a, b] = [believedUsage(one, now), believedUsage(other, now)];
    if (a === null || b === null) return a ?? b;
    return b.at >= a.at ? b : a;
  }

  async #giveBack(): Promise<void> {
    const block = this.#block;
    this.#block = null;
    if (block === null || block.left === 0) return;
    await this.#options.ledger.giveBack(this.#orgId, { slot: block.slot, calls: block.left });
  }

  async #tellAll(): Promise<void> {
    if (this.#isToldToAll || this.#reported === null) return;
    await this.#options.ledger.report(this.#orgId, this.#reported);
    this.#isToldToAll = true;
  }
}

interface Known {
  slots: SlotCalls[];
  reported: ReportedUsage | null;
  share: Share;
}

/** Calls until the org as a whole, or the quota of this app, is as high as `purpose` may bring it. */
function levelRoom({ used, max, app }: ReportedUsage, purpose: CallPurpose): number {
  const room = pauseAt[purpose] * max - used;
  return app === null ? room : Math.min(room, pauseAt[purpose] * app.max - app.used);
}
