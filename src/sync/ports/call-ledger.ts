/** Of a limit, how much is used. */
export interface Used {
  used: number;
  max: number;
}

/** What the org has said of the API requests of its rolling day; `at`: when, by this machine's clock, ms since 1970. */
export interface ReportedUsage extends Used {
  at: number;
  /** The quota of this client app, where the org has given it one. */
  app: Used | null;
}

/** Own calls of one span of time, numbered as `src/sync/budget/call-slots.ts` says. */
export interface SlotCalls {
  slot: number;
  calls: number;
}

/** Slots that count now, both ends included. */
export interface SlotSpan {
  from: number;
  to: number;
}

export interface CallsWanted {
  /** The slot in which they are made, and none of them later. */
  slot: number;
  span: SlotSpan;
  calls: number;
  /** How many calls the slots of the span may hold in all. */
  limit: number;
}

/** Until when an org has asked for rest, ms since 1970, by the kind of call that it said so to; null where it has not. */
export interface AskedRest {
  pull: number | null;
  push: number | null;
}

/** How a watch has stretched its interval for an org. */
export interface StretchedInterval {
  /** As it was asked for, milliseconds. */
  intervalMs: number;
  stretchedMs: number;
  /** ms since 1970. */
  at: number;
}

/**
 * The calls that this installation makes to each org, known by its 15-character id, and what the org says of everybody's: shared by
 * all processes that work on it, whatever file of an org they work on. Every method is one transaction.
 */
export interface CallLedger extends AsyncDisposable {
  /** Only slots with calls, in order. Calls that are reserved count as made. */
  callsOf(orgId: string, span: SlotSpan): Promise<SlotCalls[]>;
  /**
   * Sets calls aside before they are made: as many of those wanted as the limit leaves, 0 where it leaves none. Whoever
   * ends without giving back what was not needed has used it. No time that a wrong clock tells lets the calls of another be
   * forgotten: where it was set back by more than a day, those of the day before that count on as made in this slot.
   */
  reserve(orgId: string, wanted: CallsWanted): Promise<number>;
  /** What was reserved in that slot and not needed. */
  giveBack(orgId: string, unneeded: SlotCalls): Promise<void>;
  /** The later word is kept, unless it lies so far ahead that this machine's clock must have been. */
  report(orgId: string, usage: ReportedUsage): Promise<void>;
  reported(orgId: string): Promise<ReportedUsage | null>;
  /**
   * Whether the caller is the one who may look, `now`, whether a paused org has room again: one among all processes in
   * `everyMs`.
   */
  mayLook(orgId: string, look: { now: number; everyMs: number }): Promise<boolean>;
  /**
   * When the counts of this org were lost, ms since 1970, and until it is noted what may have been called before; null
   * where none were.
   */
  lostAt(orgId: string): Promise<number | null>;
  /** What may have been called before the loss, in any slots; noted by the first who knows, and by nobody else. */
  noteLost(orgId: string, calls: readonly SlotCalls[]): Promise<void>;
  /**
   * The org asks for rest until then, ms since 1970, in answer to a call of that kind; its last word is kept. Where that
   * cannot be written it throws, and `heldBack` tells it to this process all the same; the others know it with the next write.
   */
  holdBack(orgId: string, kind: keyof AskedRest, until: number): Promise<void>;
  heldBack(orgId: string): Promise<AskedRest>;
  /** null: it is not stretched (any more). */
  saveStretched(orgId: string, stretched: StretchedInterval | null): Promise<void>;
  stretched(orgId: string): Promise<StretchedInterval | null>;
}
