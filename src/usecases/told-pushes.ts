import type { CycleCompleteEvent, PushCompleteEvent, WatchedPush } from '../contract/watch.ts';

/** What the cycles and pushes of a watch have not got through to Salesforce, by org: its exit code is decided by that. */
export class ToldPushes {
  readonly #pushes = new Map<string, WatchedPush>();
  readonly #once: boolean;

  /** `once`: each org has one turn, whose cycles are told as one. */
  constructor({ once }: { once: boolean }) {
    this.#once = once;
  }

  /**
   * What waits for a person does so whatever comes behind it in the turn. What was to be sent is so by the last that has looked at
   * the outbox. `isTried`: whether this one has.
   */
  see(event: CycleCompleteEvent | PushCompleteEvent, { isTried }: { isTried: boolean }): void {
    const { instanceUrl, rejected, doubts: inDoubt, conflicts, held, unsent, behind, pushError } = event;
    const former = this.#once ? this.#pushes.get(instanceUrl) : undefined;
    if (former !== undefined && !isTried) return;
    this.#pushes.set(instanceUrl, {
      rejected: rejected + (former?.rejected ?? 0),
      inDoubt,
      conflicts: conflicts + (former?.conflicts ?? 0),
      held: held + (former?.held ?? 0),
      unsent,
      behind,
      error: pushError,
    });
  }

  /** Null where no cycle or push was told. */
  of(instanceUrl: string): WatchedPush | null {
    return this.#pushes.get(instanceUrl) ?? null;
  }
}
