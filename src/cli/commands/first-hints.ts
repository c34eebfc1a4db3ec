import type { ErrorInfo } from '../../contract/error-info.ts';
import type { WatchEvent } from '../../contract/watch.ts';

const works = ['cycle', 'push', 'reconcile'] as const;

/** What to do about each trouble of a watch, for the first telling of it: a log that goes on for weeks need not repeat it. */
export class FirstHints {
  /** The codes of the open troubles, by instance URL and work. */
  readonly #told = new Map<string, Set<string>>();

  /** The hint of the event's error, null where it has none or its trouble was told. To be asked once for each event, in their order. */
  of(event: WatchEvent): string | null {
    switch (event.event) {
      case 'cycle:failed':
      case 'cycle:skipped':
        return this.#first(`cycle ${event.instanceUrl}`, event.error);
      case 'reconcile:failed':
        return this.#first(`reconcile ${event.instanceUrl}`, event.error);
      case 'reconcile:complete':
        this.#told.delete(`reconcile ${event.instanceUrl}`);
        return null;
      case 'cycle:complete':
        this.#told.delete(`cycle ${event.instanceUrl}`);
        if (event.pushError !== null) return this.#first(`push ${event.instanceUrl}`, event.pushError);
        this.#told.delete(`push ${event.instanceUrl}`);
        return null;
      case 'org:removed':
        for (const work of works) this.#told.delete(`${work} ${event.instanceUrl}`);
        return null;
      default:
        return null;
    }
  }

  #first(trouble: string, { code, hint }: Pick<ErrorInfo, 'code' | 'hint'>): string | null {
    const codes = this.#told.get(trouble) ?? new Set();
    if (codes.has(code)) return null;
    this.#told.set(trouble, codes.add(code));
    return hint;
  }
}
