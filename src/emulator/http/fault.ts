import { TimedOut, withinTime } from './within-time.ts';

/** A planned misbehaviour of the next `times` requests whose `METHOD path` matches (docs/emulator.md, "Faults"). */
export interface Fault {
  match: RegExp;
  times: number;
  /** So many matching requests it lets by before, unharmed by it and by those behind it. */
  skip: number;
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

/** All expressions together, for one request. */
const matchingMs = 100;
const mostQuickLetters = 100;

/** The faults that wait for a request, in the order in which they were posted. */
export class FaultPlan {
  #faults: Fault[] = [];

  set(faults: Fault[]): void {
    this.#faults = faults.map((f) => ({ ...f }));
  }

  get pending(): readonly Fault[] {
    return this.#faults;
  }

  /**
   * The first fault that matches, used up by one; none while that one skips. `target` is the path with its query. An expression can run for
   * hours on a short text: one that takes too long is taken out, and the request is told so.
   */
  take(method: string, path: string, target: string): Fault | undefined {
    if (this.#faults.length === 0) return undefined;
    let tried: Fault | undefined;
    try {
      const find = () =>
        this.#faults.find((candidate) => {
          tried = candidate;
          return candidate.match.test(`${method} ${path}`) || candidate.match.test(`${method} ${target}`);
        });
      const fault = this.#faults.every(isQuick) ? find() : withinTime(matchingMs, find);
      if (fault && fault.skip > 0) {
        fault.skip--;
        return undefined;
      }
      if (fault && --fault.times <= 0) this.#remove(fault);
      return fault;
    } catch (error) {
      if (!(error instanceof TimedOut) || tried === undefined) throw error;
      this.#remove(tried);
      return tooSlow(tried);
    }
  }

  #remove(fault: Fault): void {
    this.#faults = this.#faults.filter((other) => other !== fault);
  }
}

/** Whether its expression is a few words at most: one that repeats or groups nothing cannot run for long. */
function isQuick({ match: { source } }: Fault): boolean {
  return source.length <= mostQuickLetters && !/[*+?(){}[\]]/.test(source);
}

function tooSlow({ match }: Fault): Fault {
  return {
    match,
    times: 1,
    skip: 0,
    status: 500,
    errorCode: 'UNKNOWN_EXCEPTION',
    message: `The fault's expression took longer than ${matchingMs} ms and was taken out: ${match.source}`,
    headers: {},
    delayMs: 0,
    commitAfterMs: 0,
    afterCommit: false,
  };
}
