import { createSecondStamps } from '../../schema/stamp.ts';
import type { Origin } from './contact-generator.ts';
import type { Random } from './random.ts';

/** The org's rows at the start end here, whatever the clock says: the same seed gives the same bytes on every day. */
export const HISTORY_END_MS = Date.UTC(2026, 0, 1);
const HISTORY_MS = 5 * 365 * 86_400_000;

/**
 * When and by whom the org's first contacts were created and changed, oldest first. Imports put many rows into one
 * second, so every seventh row or so shares its stamp with the one before.
 */
export class History {
  readonly #random: Random;
  readonly #users: readonly string[];
  readonly #gapSeconds: number;
  readonly #stamp = createSecondStamps();
  #seconds = (HISTORY_END_MS - HISTORY_MS) / 1000;

  constructor(random: Random, users: readonly string[], rows: number) {
    this.#random = random;
    this.#users = users;
    this.#gapSeconds = Math.max(1, Math.floor(HISTORY_MS / 1000 / (rows + 1)));
  }

  next(): Origin {
    const random = this.#random;
    const end = HISTORY_END_MS / 1000;
    if (!random.chance(15)) {
      this.#seconds = Math.min(end - 1, this.#seconds + 1 + random.below(this.#gapSeconds * 2));
    }
    const createdDate = this.#stamp(this.#seconds);
    const createdById = random.pick(this.#users);
    if (random.chance(40)) {
      return {
        createdDate,
        createdById,
        lastModifiedDate: createdDate,
        lastModifiedById: createdById,
        systemModstamp: createdDate,
      };
    }
    const modified = this.#seconds + random.below(end - this.#seconds);
    const lastModifiedDate = this.#stamp(modified);
    // Some changes are the system's alone and move only SystemModstamp.
    const system = random.chance(5) ? modified + random.below(end - modified) : modified;
    return {
      createdDate,
      createdById,
      lastModifiedDate,
      lastModifiedById: random.pick(this.#users),
      systemModstamp: this.#stamp(system),
    };
  }
}
