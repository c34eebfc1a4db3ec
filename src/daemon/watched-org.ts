import type { CallsAhead } from './stretched-interval.ts';

/** Work of one org that may take hours. It has slots of its own. */
export interface LongWork {
  kind: 'copy' | 'reconcile' | 'fill';
  /** Whether cycles may be made while it waits for a place. Each of them says anew what is called for. */
  keepsCycles: boolean;
  run(signal: AbortSignal): Promise<void>;
}

/** Why what waits is sent between two turns: somebody has written, or an interval has passed that brought no turn. */
export type PushCause = 'asked' | 'interval';

/** One org taken into care: its lease is held until it is disposed. */
export interface WatchedOrg extends AsyncDisposable {
  /**
   * Whether nothing can be stored with it any more: its lease was lost, or its mirror's file was deleted or replaced,
   * which is said in the log. It is let go of then, and the next turn takes the org into care anew.
   */
  isSpent(): Promise<boolean>;
  /** Whether its mirror lacks a complete first copy. */
  needsFirstCopy(): Promise<boolean>;
  /** Makes the first copy, or goes on with it. May take hours. */
  firstCopy(signal: AbortSignal): Promise<void>;
  /**
   * Answers what it calls for and cannot be done in the slot of a cycle, which is then followed by another cycle.
   * `isInLine`: there is no place for that now, so that what keeps cycles comes behind this one.
   */
  cycle(signal: AbortSignal, options?: { isInLine: boolean }): Promise<LongWork | null>;
  /** Sends what waits, and reads nothing else. Does nothing before the first copy is whole. */
  push?(signal: AbortSignal, why: PushCause): Promise<void>;
  /**
   * Whether somebody has asked for something that its next turn does, or has set another share of its calls. It is looked at every few seconds; where nothing is
   * open, each request is told once.
   */
  isAsked?(): Promise<boolean>;
  /** Its turn has failed: who has asked for something is told with what, and asks for it no more. */
  refuseAsked?(error: unknown): Promise<void>;
  /** How long the turn under way has waited for its first answer; 0 where it had one, or has asked nothing. */
  silentForMs(): number;
  /** What of its calls the day to come may use; null where that is not known. */
  callsAhead?(): Promise<CallsAhead | null>;
  /** The interval that it has now, milliseconds, where it is stretched; null where it is not. */
  stretchTo?(stretchedMs: number | null): Promise<void>;
  /** Closes what is open, until the next turn opens it again; the lease stays. */
  rest(): Promise<void>;
}
