import { formatDuration } from '../../base/interval.ts';
import type { CycleCompleteEvent } from '../../contract/watch.ts';
import { count, counted } from '../render/quantity.ts';

/** What went on in a watch since its log's last line. */
export class Silence {
  #since: number;
  #cycles = 0;
  #apiCalls = 0;
  readonly #coveredUntil = new Map<string, string | null>();

  constructor(now: number) {
    this.#since = now;
  }

  begin(now: number): void {
    this.#since = now;
    this.#cycles = 0;
    this.#apiCalls = 0;
    this.#coveredUntil.clear();
  }

  add({ instanceUrl, apiCalls, coveredUntil }: CycleCompleteEvent): void {
    this.#cycles++;
    this.#apiCalls += apiCalls;
    this.#coveredUntil.set(instanceUrl, coveredUntil);
  }

  lastedMs(now: number): number {
    // The clock was set back: it lasts from now on.
    if (now < this.#since) this.#since = now;
    return now - this.#since;
  }

  /** `inTrouble`: the orgs whose last cycle has failed. */
  line(now: number, inTrouble: readonly string[]): string {
    const covered = [...this.#coveredUntil.values()].map((until) => until ?? '').sort()[0] || 'nowhere yet';
    const parts = [
      `nothing new in ${counted(this.#cycles, 'cycle')} of ${counted(this.#coveredUntil.size, 'org')} in the last ${formatDuration(this.lastedMs(now))}`,
      counted(this.#apiCalls, 'API call'),
      ...(this.#cycles > 0 ? [`covered until ${covered}`] : []),
      ...(inTrouble.length > 0 ? [`${count(inTrouble.length)} in trouble`] : []),
    ];
    return parts.join(', ');
  }
}
