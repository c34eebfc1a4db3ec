import type { Clock } from '../base/clock.ts';
import type { WatchedOrg } from './watched-org.ts';

export interface WatchedOutcome {
  instanceUrl: string;
  /** The error of the last turn; null where it was good. An abort where the one turn of `once` was cut short. */
  error: unknown;
}

/** What is left of the login of an org that asks for another one. */
export interface LostLogin {
  /** Nothing but a new login helps; else it may be taken again without one, and is tried as a failing org is. */
  isOver: boolean;
  /** Whether another login lies there now. */
  isReplaced(): Promise<boolean>;
}

export interface OrgLoopOptions {
  /** Takes an org into care. Throws `ORG_BUSY` where another process has it, `LOGIN_REQUIRED` without a grant. */
  open(instanceUrl: string): Promise<WatchedOrg>;
  /** Asked of an org that has just asked for a login. */
  lostLogin(instanceUrl: string): Promise<LostLogin>;
  /** `failures`: in a row, with this one. */
  onFailed(instanceUrl: string, error: unknown, retryInMs: number | null, failures: number): void;
  onSkipped(instanceUrl: string, error: unknown, retryInMs: number | null): void;
  /** `lastedMs`: since the first of the failed turns had begun. */
  onRecovered(instanceUrl: string, failures: number, lastedMs: number): void;
  intervalMs: number;
  /** Ends after one turn. */
  once: boolean;
  clock: Clock;
  random: () => number;
  signal: AbortSignal;
  /** How long the first turns of all orgs are spread over. */
  spreadMs(): number;
  /** Whether the org may stay open until its next turn. */
  staysOpen(): boolean;
  /** Whether the watch ends after the first tries, because another one has all orgs. */
  ending: Promise<boolean>;
}
