import { setTimeout as sleep } from 'node:timers/promises';
import { Seeded } from '../../model/seeded.ts';
import { nextFault } from './every-tenth-request.ts';
import type { SoakedOrg } from './soaked-org.ts';

const editable = ['Title', 'Department', 'Phone', 'Description'];
/**
 * What commits late with the stamp of what was seen already can be told from it by nobody who compares stamps alone, so
 * a transaction begins in a second of its own.
 */
const ownSecondMs = 1_100;

/** Users of an org who change its contacts all the time. What they do follows from the seed, when they do it does not. */
export class BusyUser {
  /** How often what was done; what the org refused is under `refused`. */
  readonly done = new Map<string, number>();
  readonly #org: SoakedOrg;
  readonly #chance: Seeded;
  readonly #live: string[];
  readonly #usual: number;
  readonly #bin: string[] = [];
  /** ms since 1970 at which the open transaction is committed; null: none is open. */
  #commitAt: number | null = null;

  constructor(org: SoakedOrg, live: readonly string[], seed: number) {
    this.#org = org;
    this.#live = [...live];
    this.#usual = live.length;
    this.#chance = new Seeded(seed);
  }

  /** Until the signal; then nothing is open any more. */
  async workUntil(ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      await this.#act();
      if (this.#commitAt !== null && Date.now() >= this.#commitAt) await this.#commit();
      await sleep(300 + this.#chance.below(2_500), undefined, { signal: ended }).catch(() => {});
    }
    await this.#commit();
  }

  async #act(): Promise<void> {
    const act = this.#chance.below(100);
    if (act < 22) await (this.#live.length < this.#usual ? this.#create() : this.#delete());
    else if (act < 70) await this.#edit(1 + this.#chance.below(12));
    else if (act < 73) await this.#edit(150 + this.#chance.below(400));
    else if (act < 81) await this.#undelete();
    else if (act < 90) await this.#merge();
    else if (act < 93) await this.#purge();
    else if (act < 99) await this.#open();
    else await this.#endSessions();
  }

  /** Not where the repetition of a request could be spoilt by 401: a session that is refused when it is new needs a login. */
  async #endSessions(): Promise<void> {
    if ((await nextFault(this.#org)) === '401') return;
    this.#tell('sessions ended', await this.#org.post('sessions', { expire: true }));
  }

  async #create(): Promise<void> {
    const made = await this.#org.post('contacts', {
      count: 1 + this.#chance.below(25),
      seed: this.#chance.below(1e9),
    });
    if (this.#tell('create', made)) this.#live.push(...made.ids);
  }

  async #edit(count: number): Promise<void> {
    const set = { [this.#chance.pick(editable)]: `Text ${this.#chance.below(1e6)}` };
    this.#tell('edit', await this.#org.post('touch', { ids: this.#some(this.#live, count), set }));
  }

  async #delete(): Promise<void> {
    const ids = this.#some(this.#live, 1 + this.#chance.below(8));
    if (!this.#tell('delete', await this.#org.post('delete', { ids }))) return;
    for (const id of ids) move(id, this.#live, this.#bin);
  }

  async #undelete(): Promise<void> {
    const ids = this.#some(this.#bin, 1 + this.#chance.below(4));
    if (ids.length === 0 || !this.#tell('undelete', await this.#org.post('undelete', { ids }))) return;
    for (const id of ids) move(id, this.#bin, this.#live);
  }

  async #merge(): Promise<void> {
    const [master, ...losers] = this.#some(this.#live, 2 + this.#chance.below(2));
    if (losers.length === 0 || !this.#tell('merge', await this.#org.post('merge', { master, losers })))
      return;
    for (const id of losers) move(id, this.#live, []);
  }

  async #purge(): Promise<void> {
    const ids = this.#some(this.#bin, 1);
    if (ids.length === 0 || !this.#tell('purge', await this.#org.post('purge', { ids }))) return;
    for (const id of ids) move(id, this.#bin, []);
  }

  /** Held for up to two minutes, which is several cycles. */
  async #open(): Promise<void> {
    if (this.#commitAt !== null) return;
    await sleep(ownSecondMs);
    const [kept, ...touched] = this.#some(this.#live, 2 + this.#chance.below(10));
    const deleted = kept === undefined ? [] : [kept];
    const opened = await this.#org.post('open-transaction', {
      create: { count: 1 + this.#chance.below(5), seed: this.#chance.below(1e9) },
      ...(touched.length > 0
        ? { touch: { ids: touched, set: { Title: `Late ${this.#chance.below(1e6)}` } } }
        : {}),
      ...(deleted.length > 0 ? { delete: { ids: deleted } } : {}),
    });
    if (!this.#tell('open transaction', opened)) return;
    const known = new Set([...touched, ...deleted]);
    this.#live.push(...opened.ids.filter((id) => !known.has(id)));
    for (const id of deleted) move(id, this.#live, this.#bin);
    this.#commitAt = Date.now() + this.#chance.below(120_000);
  }

  async #commit(): Promise<void> {
    if (this.#commitAt === null) return;
    this.#tell('commit', await this.#org.post('commit'));
    this.#commitAt = null;
  }

  #some(list: readonly string[], count: number): string[] {
    if (list.length === 0) return [];
    return [...new Set(Array.from({ length: count }, () => this.#chance.pick(list)))];
  }

  #tell<T>(what: string, answer: T | null): answer is T {
    const name = answer === null ? 'refused' : what;
    this.done.set(name, (this.done.get(name) ?? 0) + 1);
    return answer !== null;
  }
}

function move(id: string, from: string[], to: string[]): void {
  from.splice(from.indexOf(id), 1);
  to.push(id);
}
