import { isAppError } from '../base/errors.ts';
import { sameId } from '../org/record-id.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Lease } from '../sync/ports/leases.ts';
import { type ConnectedOrg, connectOrg } from './connect-org.ts';
import { progressOf } from './progress-events.ts';
import type { Care, WatchedOrgParts } from './watched-org-parts.ts';

interface Options {
  parts: WatchedOrgParts;
  known: OrgRecord;
  lease: Lease;
  care: Care;
  /** Called with what was connected anew. */
  onConnected(connected: ConnectedOrg): void;
}

/** Session and mirror of a watched org: open from turn to rest, and anew where its user or its share has changed. */
export class WatchedConnection {
  readonly #options: Options;
  #connected: ConnectedOrg | null = null;
  /** The share that was set for the org when it was connected last, or was tried to be. */
  #budget: number | null = null;
  #isBudgetChanged = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** What is open now; null while it rests. */
  get current(): ConnectedOrg | null {
    return this.#connected;
  }

  async open(): Promise<ConnectedOrg> {
    if (this.#connected !== null && (this.#isBudgetChanged || (await this.#isAnothers(this.#connected))))
      await this.rest();
    if (this.#connected !== null) return this.#connected;
    const { parts, known, lease, care, onConnected } = this.#options;
    const { signal, tell } = care;
    // Read again: a login since the last look changes grant and flags.
    const org = (await this.#inRegistry()) ?? known;
    this.#budget = org.budget;
    this.#isBudgetChanged = false;
    const onEvent = progressOf((event) => {
      // A cycle tells what it has sent at its end, and a watch leaves nothing to another.
      const { event: name } = event;
      if (name === 'push:progress' || name === 'push:waiting' || name === 'org:waiting') return;
      if (event.event !== 'reconcile:left') tell(event);
    });
    this.#connected = await connectOrg(parts, org, { signal, lease, onEvent });
    onConnected(this.#connected);
    return this.#connected;
  }

  async rest(): Promise<void> {
    const connected = this.#connected;
    this.#connected = null;
    await connected?.[Symbol.asyncDispose]();
  }

  /** Whether another share of its calls was set since it was connected, with which the next `open` connects it. */
  async isBudgetChanged(): Promise<boolean> {
    const { parts, known } = this.#options;
    // A list of orgs that cannot be read now says nothing of this one.
    const org = await parts.registry.get(known.instanceUrl).catch(() => null);
    this.#isBudgetChanged = org !== null && org.budget !== this.#budget;
    return this.#isBudgetChanged;
  }

  /** A list of orgs that was damaged meanwhile keeps nobody from an org that is known. */
  async #inRegistry(): Promise<OrgRecord | null> {
    const { parts, known } = this.#options;
    try {
      return await parts.registry.get(known.instanceUrl);
    } catch (error) {
      if (isAppError(error, 'REGISTRY_CORRUPT')) return null;
      throw error;
    }
  }

  /** Whether `login --replace-user` has given the mirror to another user since it was opened, who may see others. */
  async #isAnothers({ mirror, userId }: ConnectedOrg): Promise<boolean> {
    const seen = await mirror.identity();
    return seen !== null && !sameId(seen.userId, userId);
  }
}
