import type { Clock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';

export interface ApiBudgetOptions {
  clock: Clock;
  /** Share of the org's daily requests that this tool's own calls may take in a rolling day, 0 to 1. */
  share: number;
  /** Own calls of the last 24 hours, as stored. */
  ownCalls: number;
  instanceUrl: string;
}

/** The org as a whole runs high: pulls and pushes pause at these shares of its limit. */
const pauseAt = { pull: 0.8, push: 0.95 } as const;
/** The org's usage is known from answers only, so a paused tool looks again after this long. */
const lookAgainMs = 5 * 60_000;

/**
 * Keeps the tool to its own share of an org's daily API requests, and yields when the org as a whole runs
 * high: the limits belong to the org's users.
 */
export class ApiBudget {
  readonly #options: ApiBudgetOptions;
  #own: number;
  #unsaved = 0;
  #usage: { used: number; max: number; at: number } | null = null;

  constructor(options: ApiBudgetOptions) {
    this.#options = options;
    this.#own = options.ownCalls;
  }

  get ownCalls(): number {
    return this.#own;
  }

  /** Calls that pulls may still make now; null before the org has told its limit. */
  remaining(): number | null {
    const usage = this.#usage;
    if (usage === null) return null;
    const own = this.#options.share * usage.max - this.#own;
    return Math.max(0, Math.floor(Math.min(own, pauseAt.pull * usage.max - usage.used)));
  }

  /** Called before each request. Throws `API_BUDGET_EXHAUSTED`. */
  before(kind: 'pull' | 'push'): void {
    const { clock, share, instanceUrl } = this.#options;
    const usage = this.#usage;
    if (usage !== null && clock.now() - usage.at < lookAgainMs) {
      if (this.#own >= share * usage.max) {
        throw new AppError(
          'API_BUDGET_EXHAUSTED',
          `This tool has used its share of the API requests of ${instanceUrl}: ${this.#own} of ${Math.floor(share * usage.max)} in 24 hours.`,
          {
            hint: 'It goes on by itself as old calls pass out of the 24 hours; `orgs set ORG --budget` or PARAHACK_SYNC_API_BUDGET raises the share.',
            details: { own: this.#own, share, max: usage.max },
          },
        );
      }
      if (usage.used >= pauseAt[kind] * usage.max) {
        throw new AppError(
          'API_BUDGET_EXHAUSTED',
          `${instanceUrl} has used ${usage.used} of its ${usage.max} daily API requests; the rest is left to its users.`,
          {
            hint: 'Nothing is lost: the work goes on when the org has room again.',
            details: { ...usage, kind },
          },
        );
      }
    }
    this.#own++;
    this.#unsaved++;
  }

  after(usage: { used: number; max: number } | null): void {
    if (usage !== null) this.#usage = { used: usage.used, max: usage.max, at: this.#options.clock.now() };
  }

  /**
   * `stored`: own calls of the last 24 hours as stored now, those of other processes included. Without it a
   * daemon's count would only grow, and end it after some days for good.
   */
  recount(stored: number): void {
    this.#own = stored + this.#unsaved;
  }

  /** Calls since the last `takeUnsaved`, for the store. */
  takeUnsaved(): number {
    const calls = this.#unsaved;
    this.#unsaved = 0;
    return calls;
  }
}
