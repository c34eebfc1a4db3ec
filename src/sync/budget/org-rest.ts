import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import type { AskedRest, CallLedger } from '../ports/call-ledger.ts';

export interface OrgRestOptions {
  ledger: Pick<CallLedger, 'holdBack' | 'heldBack'>;
  /** As the ledger has it. */
  orgId: string;
  instanceUrl: string;
  clock: Pick<Clock, 'now' | 'sleep'>;
}

/** Whoever was not told itself asks again after so long, however long the org has asked for. */
const longestRestMs = 3_600_000;
/** What passes within so long is sat out; a longer rest ends the work, which comes back by its timetable. */
const patienceMs = 60_000;
/** How soon what another process was told is known here: a look costs little, and so many a second would not. */
const lookMs = 1_000;

/**
 * The rest that an org asks for (`Retry-After`), kept by all processes of the installation: to one of them it was said. What is
 * said to a push holds back pushes alone, as the org's other work goes on.
 */
export class OrgRest {
  readonly #options: OrgRestOptions;
  #asked: AskedRest = { pull: null, push: null };
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: OrgRestOptions) {
    this.#options = options;
  }

  /** Never throws: where it cannot be noted, this process keeps to it all the same, as long as it lasts. */
  note(kind: keyof AskedRest, ms: number): void {
    const { ledger, orgId, clock } = this.#options;
    const until = clock.now() + Math.min(ms, longestRestMs);
    this.#asked = { ...this.#asked, [kind]: until };
    ledger.holdBack(orgId, kind, until).catch(() => {});
  }

  /** Waits as long as the org has asked for, abortably. Throws `ORG_UNAVAILABLE` with `retryAfterMs` where that is long. */
  async keep(kind: keyof AskedRest, { signal }: { signal?: AbortSignal }): Promise<void> {
    const { ledger, orgId, instanceUrl, clock } = this.#options;
    const now = clock.now();
    if (Math.abs(now - this.#lookedAt) >= lookMs) {
      this.#lookedAt = now;
      this.#asked = await ledger.heldBack(orgId);
    }
    const { pull, push } = this.#asked;
    const restMs = Math.max(pull ?? 0, kind === 'push' ? (push ?? 0) : 0) - now;
    // A clock that was set back says nothing of how long.
    if (restMs <= 0 || restMs > longestRestMs) return;
    if (restMs <= patienceMs) return clock.sleep(restMs, { signal });
    throw new AppError(
      'ORG_UNAVAILABLE',
      `${instanceUrl} has asked this tool to wait until ${isoMinute(now + restMs)}.`,
      {
        hint: 'Nothing is lost: the work goes on after that.',
        details: { retryAfterMs: restMs },
      },
    );
  }
}

function isoMinute(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+/, '');
}
