import type { Clock } from '../base/clock.ts';
import type { WatchEvent } from '../contract/watch.ts';
import type { CallsAhead } from '../daemon/stretched-interval.ts';
import { callStanding } from '../sync/budget/call-standing.ts';
import { CycleCost } from '../sync/budget/cycle-cost.ts';
import { ledgerIdOf } from '../sync/budget/ledger-id.ts';
import { hasLimitFallen, returnsOf } from '../sync/budget/share.ts';
import type { CallLedger } from '../sync/ports/call-ledger.ts';

/** A single costly cycle holds back so much of the share at most. */
const mostSpare = 0.1;
/** Unstretched turns after which it is told that it is over: it would be told again and again at the border. */
const turnsToSettle = 3;

export interface OrgPaceOptions {
  calls: CallLedger;
  clock: Pick<Clock, 'now'>;
  instanceUrl: string;
  intervalMs: number;
  tell(event: WatchEvent): void;
}

/** How often a watch may ask an org within its share: told to the timetable, the log and `status`. */
export class OrgPace {
  readonly #options: OrgPaceOptions;
  readonly #cost = new CycleCost();
  #org: { id: string; share: number } | null = null;
  #stretchedMs: number | null = null;
  #unstretchedTurns = 0;
  /** What an earlier watch has left, which was killed, is not told any more. */
  #isLeftover = true;

  constructor(options: OrgPaceOptions) {
    this.#options = options;
  }

  /** The org that was connected last, and this tool's share of it. */
  belongsTo(orgId: string, share: number): void {
    // Another share is what somebody has done about it, who is not kept waiting for turns that settle it.
    if (this.#org !== null && this.#org.share !== share) this.#unstretchedTurns = turnsToSettle - 1;
    this.#org = { id: ledgerIdOf(orgId), share };
  }

  noteCycle(calls: number): void {
    // One that was refused before its first call says nothing of what a cycle takes.
    if (calls > 0) this.#cost.note(calls);
  }

  /** Null where nothing is known of the org's limits. */
  async callsAhead(): Promise<CallsAhead | null> {
    if (this.#org === null) return null;
    const { calls, clock } = this.#options;
    const { id, share } = this.#org;
    const now = clock.now();
    const { reported, left, slots, allowed, used } = await callStanding(calls, id, { share, now });
    // A limit that fell is looked at again and again, and not waited out by a timetable that would fit it.
    if (reported === null || hasLimitFallen(reported, used)) return null;
    const { cycleCost, spare } = this.#cost.expected();
    return { left, returns: returnsOf(slots, now), cycleCost, spare: Math.min(spare, allowed * mostSpare) };
  }

  /** `stretchedMs`: the interval that the org has now; null where it has the one that was asked for. */
  async stretchTo(stretchedMs: number | null): Promise<void> {
    const { calls, clock, tell, instanceUrl, intervalMs } = this.#options;
    const before = this.#stretchedMs;
    if (this.#org === null) return;
    if (before === null && stretchedMs === null) {
      if (this.#isLeftover) await calls.saveStretched(this.#org.id, null);
      this.#isLeftover = false;
      return;
    }
    this.#isLeftover = false;
    if (stretchedMs !== null) {
      this.#unstretchedTurns = 0;
      this.#stretchedMs = stretchedMs;
      if (before === null) tell({ event: 'interval:stretched', instanceUrl, intervalMs, stretchedMs });
      await calls.saveStretched(this.#org.id, { intervalMs, stretchedMs, at: clock.now() });
      return;
    }
    if (++this.#unstretchedTurns < turnsToSettle) return;
    tell({ event: 'interval:restored', instanceUrl, intervalMs });
    await this.forget();
  }

  /** The watch lets go of the org: nobody stretches anything for it any more. */
  async forget(): Promise<void> {
    if (this.#stretchedMs === null || this.#org === null) return;
    this.#stretchedMs = null;
    await this.#options.calls.saveStretched(this.#org.id, null);
  }
}
