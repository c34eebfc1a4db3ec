import type { WatchEvent } from '../../contract/watch.ts';
import { RareTelling } from './rare-telling.ts';

/** The orgs of a watch whose cycles fail: each failure is told where it is new, and at growing distances after that. */
export class OrgTroubles {
  readonly #telling: RareTelling;

  constructor(now: () => number) {
    this.#telling = new RareTelling(now);
  }

  /** Whether the event belongs into the log. To be asked once for each event, in their order. */
  isTold(event: WatchEvent): boolean {
    switch (event.event) {
      case 'cycle:failed':
      case 'cycle:skipped':
        return this.#telling.isDue(event.instanceUrl, event.error.code);
      case 'cycle:complete':
      case 'org:removed':
        this.#telling.end(event.instanceUrl);
        return true;
      default:
        return true;
    }
  }

  /** Whose last cycle has failed. */
  get open(): string[] {
    return this.#telling.open;
  }
}
