import type { LongPlace } from './long-place.ts';
import type { OrgInCare } from './org-in-care.ts';
import type { TurnPlaces } from './turn-places.ts';
import type { LongWork, WatchedOrg } from './watched-org.ts';

/** In one turn: a first copy, and a reconcile that was asked for meanwhile. */
const mostLongWorks = 2;

export interface TurnWorkOptions {
  org: OrgInCare;
  places: TurnPlaces;
  /** There is one turn alone: what takes long is waited for. */
  once: boolean;
  /** The org is taken. */
  onTaken(): void;
  /** The place that was stood in line for is there: a turn can begin. */
  onPlace(): void;
}

/** What a turn of an org does. What may take long stands in line for its place while turns go on. */
export class TurnWork {
  readonly #options: TurnWorkOptions;
  #line: LongPlace | null = null;

  constructor(options: TurnWorkOptions) {
    this.#options = options;
  }

  get standsInLine(): boolean {
    return this.#line !== null;
  }

  /** Whether it has come to the head of the line. */
  get hasPlace(): boolean {
    return this.#line?.isReady ?? false;
  }

  leaveLine(): void {
    this.#line?.drop();
    this.#line = null;
  }

  /** A cycle, after or before what may take long: the slot for cycles is free as long as that takes. */
  async perform(): Promise<void> {
    const { org: inCare, places } = this.#options;
    const { org, work } = await places.ofCycle((end) => inCare.thenRest(() => this.#begin(end)));
    let due = work;
    for (let done = 0; due !== null && done < mostLongWorks; done++) {
      const { run } = due;
      if (this.#mustStandInLine(due)) {
        this.#line ??= places.inLine(() => this.#options.onPlace());
        return;
      }
      const place = this.#line?.isReady ? this.#line : null;
      if (place === null) this.leaveLine();
      this.#line = null;
      await places.ofLongWork((end) => inCare.thenRest(() => run(end)), place);
      due = await places.ofCycle((end) => inCare.thenRest(() => this.#cycle(org, end)));
    }
    if (due === null) this.leaveLine();
  }

  /** Answers what there is to do that may take long. */
  async #begin(end: AbortSignal): Promise<{ org: WatchedOrg; work: LongWork | null }> {
    const { org: inCare, onTaken } = this.#options;
    await inCare.dropSpent();
    const org = await inCare.taken();
    onTaken();
    if (!(await org.needsFirstCopy())) return { org, work: await this.#cycle(org, end) };
    return { org, work: { kind: 'copy', keepsCycles: false, run: (ended) => org.firstCopy(ended) } };
  }

  #cycle(org: WatchedOrg, end: AbortSignal): Promise<LongWork | null> {
    return org.cycle(end, { isInLine: this.#isInLine });
  }

  /** Its turns go on meanwhile, and each says anew what there is to do. */
  #mustStandInLine({ keepsCycles }: LongWork): boolean {
    return keepsCycles && this.#isInLine;
  }

  get #isInLine(): boolean {
    const { once, places } = this.#options;
    if (once) return false;
    return this.#line === null ? !places.hasLongPlace : !this.#line.isReady;
  }
}
