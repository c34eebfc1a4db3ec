/** A planned misbehaviour of the next `times` requests whose `METHOD path` matches (docs/emulator.md, "Faults"). */
export interface Fault {
  match: RegExp;
  times: number;
  status?: number;
  errorCode?: string;
  message?: string;
  body?: unknown;
  headers: Record<string, string>;
  delayMs: number;
  dropAfterBytes?: number;
  reset?: 'before' | 'after-commit' | 'commit-later';
  commitAfterMs: number;
  afterCommit: boolean;
}

/** The faults that wait for a request, in the order in which they were posted. */
export class FaultPlan {
  #faults: Fault[] = [];

  set(faults: Fault[]): void {
    this.#faults = faults.map((f) => ({ ...f }));
  }

  get pending(): readonly Fault[] {
    return this.#faults;
  }

  /** The first fault that matches, used up by one. `target` is the path with its query. */
  take(method: string, path: string, target: string): Fault | undefined {
    const fault = this.#faults.find(
      (f) => f.match.test(`${method} ${path}`) || f.match.test(`${method} ${target}`),
    );
    if (!fault) return undefined;
    fault.times--;
    if (fault.times <= 0) this.#faults = this.#faults.filter((f) => f !== fault);
    return fault;
  }
}
