/** `updated` and `deleted`, and the hourly describe or a page of rows in every other cycle or so. */
const usualCost = 3;
/** Each cycle counts an eighth, so that a burst of changes is forgotten within a few hours. */
const weight = 1 / 8;
const remembered = 8;

/** What the cycles of an org take, from what the last ones took. */
export class CycleCost {
  #mean = usualCost;
  readonly #last: number[] = [];

  note(calls: number): void {
    this.#mean += (calls - this.#mean) * weight;
    this.#last.push(calls);
    if (this.#last.length > remembered) this.#last.shift();
  }

  /** `spare`: how much more one of them took. */
  expected(): { cycleCost: number; spare: number } {
    const most = Math.max(this.#mean, ...this.#last);
    return { cycleCost: this.#mean, spare: most - this.#mean };
  }
}
