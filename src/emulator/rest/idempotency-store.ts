import type { Answer } from '../http/answer.ts';

/** UI API: "When the idempotency key expires after 30 days, the cached record … is deleted." */
const keptMs = 30 * 86_400_000;

interface Stored {
  fingerprint: string;
  answer: Answer;
  at: number;
}

/** Answers of the UI API's writes by user and Idempotency-Key, kept for 30 days of the org's clock. */
export class IdempotencyStore {
  readonly #stored = new Map<string, Stored>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  find(userId: string, key: string): Stored | undefined {
    const stored = this.#stored.get(`${userId} ${key}`);
    if (!stored) return undefined;
    if (this.#now() - stored.at < keptMs) return stored;
    this.#stored.delete(`${userId} ${key}`);
    return undefined;
  }

  keep(userId: string, key: string, fingerprint: string, answer: Answer): void {
    this.#stored.set(`${userId} ${key}`, { fingerprint, answer, at: this.#now() });
  }

  get size(): number {
    return this.#stored.size;
  }

  clear(): void {
    this.#stored.clear();
  }
}
