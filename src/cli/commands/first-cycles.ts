import type { WatchEvent } from '../../contract/watch.ts';
import { count, counted } from '../render/quantity.ts';

/** Orgs up to which each has a line of its own at the start of a watch. */
const mostAlone = 10;

/** What a watch says of orgs that are up to date at its start, where a good beginning would have no line. */
export class FirstCycles {
  readonly #unheard = new Set<string>();
  /** Another process has had them: their next good cycle says that this watch has them now. */
  readonly #skipped = new Set<string>();
  #orgs = 0;
  #upToDate = 0;

  /** `alone`: the event is good, and the first of its org or the first after others that were skipped. `all`: a line for people, when the last of many was heard of. */
  heard(event: WatchEvent): { alone: boolean; all: string | null } {
    const { alone, all } = this.#heardFirst(event);
    if (event.event === 'cycle:skipped') this.#skipped.add(event.instanceUrl);
    const isOurs = event.event === 'cycle:complete' && this.#skipped.delete(event.instanceUrl);
    return { alone: alone || isOurs, all };
  }

  #heardFirst(event: WatchEvent): { alone: boolean; all: string | null } {
    switch (event.event) {
      case 'watch:start':
        for (const url of event.orgs) this.#unheard.add(url);
        this.#orgs = event.orgs.length;
        break;
      case 'cycle:complete':
      case 'cycle:failed':
      case 'cycle:skipped':
      case 'backfill:start':
      case 'reconcile:start':
        if (this.#unheard.delete(event.instanceUrl)) return this.#first(event.event === 'cycle:complete');
        break;
      default:
        break;
    }
    return { alone: false, all: null };
  }

  #first(isUpToDate: boolean): { alone: boolean; all: string | null } {
    if (isUpToDate) this.#upToDate++;
    if (this.#orgs <= mostAlone) return { alone: isUpToDate, all: null };
    return { alone: false, all: this.#unheard.size === 0 ? this.#line() : null };
  }

  #line(): string {
    if (this.#upToDate === this.#orgs)
      return `All ${counted(this.#orgs, 'org')} are up to date after their first cycle`;
    return `${count(this.#upToDate)} of ${counted(this.#orgs, 'org')} are up to date after their first cycle; what the others do is said above`;
  }
}
