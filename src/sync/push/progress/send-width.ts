import { Semaphore } from '../../../base/semaphore.ts';

/**
 * The most requests that are under way at once. What a crash leaves in doubt is bounded by it: so many collections of
 * 200.
 */
export const mostAtOnce = 8;
/** Once the org has had too much to do, so many good answers let one more request go beside the others. */
const climbAfter = 10;

/** What a request's answer says of how much the org can take. */
export type AnswerKind = 'good' | 'crowded' | 'lost' | 'other';

/**
 * How many requests of a drain may be under way at once. The most from the beginning, or one until a good answer has come
 * (`beginAlone`); half where the org has too much to do, one where an answer was lost, and from then on it climbs slowly.
 */
export class SendWidth {
  readonly #places = new Semaphore(mostAtOnce);
  #isFirstClimb = true;
  #isBegun = false;
  #good = 0;
  #begun = 0;
  /** Requests up to this one began before the last fall: their refusals say nothing new. */
  #roundEnd = 0;

  get current(): number {
    return this.#places.limit;
  }

  /**
   * One at first, where the first answer may say that all others would have to go another way. Too late, and without
   * effect, once a request has asked for its place.
   */
  beginAlone(): void {
    if (!this.#isBegun) this.#places.limit = 1;
  }

  /**
   * A place for one request, which ends with what its answer said (the first time that it is told); waits where the width
   * has fallen below what is under way. Throws an AbortError while it waits.
   */
  async enter(signal: AbortSignal): Promise<(answer: AnswerKind) => void> {
    this.#isBegun = true;
    const leave = await this.#places.enter({ signal });
    const request = ++this.#begun;
    let isOver = false;
    return (answer) => {
      if (isOver) return;
      isOver = true;
      this.#learn(answer, request);
      leave();
    };
  }

  #learn(answer: AnswerKind, request: number): void {
    if (answer === 'good') this.#climb();
    else if (answer === 'lost') this.#fall(1);
    else if (answer === 'crowded' && request > this.#roundEnd) {
      this.#roundEnd = this.#begun;
      this.#fall(Math.max(1, Math.floor(this.current / 2)));
    }
  }

  #fall(to: number): void {
    this.#isFirstClimb = false;
    this.#good = 0;
    this.#places.limit = Math.min(this.current, to);
  }

  #climb(): void {
    if (this.current >= mostAtOnce) return;
    if (this.#isFirstClimb) this.#places.limit = mostAtOnce;
    else if (++this.#good >= climbAfter) {
      this.#good = 0;
      this.#places.limit++;
    }
  }
}
