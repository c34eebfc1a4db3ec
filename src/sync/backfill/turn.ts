import type { Clock } from '../../base/clock.ts';

/** How long one turn of a first copy may take: until a time (ms since 1970), or to the copy's end. */
export class Turn {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #until: number;

  constructor(clock: Pick<Clock, 'now'>, until: number | 'end') {
    this.#clock = clock;
    this.#until = until === 'end' ? Number.POSITIVE_INFINITY : until;
  }

  /** Not positive where it is over. */
  leftMs(): number {
    return this.#until - this.#clock.now();
  }

  isOver(): boolean {
    return this.leftMs() <= 0;
  }
}
