import type { Mirrors } from '../sync/ports/mirrors.ts';

/**
 * Looks for a reconcile that is asked of an org whose mirror is closed, as that of one that failed and of each of many. Each request is
 * told once: where the turn that it brought fails before it comes to it, the org is tried again when it would have been.
 */
export class AskedWhileClosed {
  readonly #mirrors: Pick<Mirrors, 'open' | 'isReconcileAsked'>;
  readonly #instanceUrl: string;
  #told: string | null = null;

  constructor(mirrors: Pick<Mirrors, 'open' | 'isReconcileAsked'>, instanceUrl: string) {
    this.#mirrors = mirrors;
    this.#instanceUrl = instanceUrl;
  }

  async isNew(): Promise<boolean> {
    if (!(await this.#mirrors.isReconcileAsked(this.#instanceUrl))) return false;
    await using mirror = await this.#mirrors.open(this.#instanceUrl, { create: false });
    const asked = await mirror.journal.askedReconcile();
    if (asked === null || asked.state === 'ended' || asked.id === this.#told) return false;
    this.#told = asked.id;
    return true;
  }
}
