import type { Clock } from '../base/clock.ts';
import type { WatchEvent } from '../contract/watch.ts';
import type { FailureNotes } from '../sync/ports/failure-notes.ts';
import type { Leases } from '../sync/ports/leases.ts';

export interface NotedFailuresParts {
  readonly leases: Pick<Leases, 'holderOf'>;
  readonly failureNotes: FailureNotes;
  readonly clock: Pick<Clock, 'now'>;
}

/** Keeps the note of each org that a watch fails with, for whoever asks how it stands. Nothing of it fails a cycle. */
export class NotedFailures {
  readonly #parts: NotedFailuresParts;
  /** When the first of its failed tries failed; null for an org whose last one went well. */
  readonly #since = new Map<string, number | null>();
  #watch: { pid: number; since: number } | null = null;

  constructor(parts: NotedFailuresParts) {
    this.#parts = parts;
  }

  /** Before the first event: the lease by which others know the watch. */
  async signAs(leaseName: string): Promise<void> {
    const holder = await this.#parts.leases.holderOf(leaseName).catch(() => null);
    if (holder !== null) this.#watch = { pid: holder.pid, since: holder.since };
  }

  /** To be asked once for each event, in their order. */
  see(event: WatchEvent): void {
    const { failureNotes: notes } = this.#parts;
    switch (event.event) {
      case 'watch:start':
        for (const instanceUrl of event.orgs) notes.makeRoom(instanceUrl);
        break;
      case 'org:added':
        notes.makeRoom(event.instanceUrl);
        break;
      case 'cycle:failed':
        this.#failed(event);
        break;
      case 'cycle:complete':
      case 'org:removed':
        // What an earlier watch has noted ends with the first good cycle; after that there is nothing to write.
        if (this.#since.get(event.instanceUrl) === null) break;
        notes.write(event.instanceUrl, null);
        this.#since.set(event.instanceUrl, null);
        break;
      default:
    }
  }

  #failed({ instanceUrl, error, retryInMs, failures }: Extract<WatchEvent, { event: 'cycle:failed' }>): void {
    const at = Math.round(this.#parts.clock.now());
    const since = this.#since.get(instanceUrl) ?? at;
    this.#since.set(instanceUrl, since);
    const { code, message, hint } = error;
    const retryAt = retryInMs === null ? null : Math.round(at + retryInMs);
    const note = { code, message, hint, since, at, failures, retryAt, watch: this.#watch };
    this.#parts.failureNotes.write(instanceUrl, note);
  }
}
