import { isAbort } from '../../src/base/abort.ts';
import { isAppError } from '../../src/base/errors.ts';
import type { PushResult } from '../../src/contract/push.ts';
import type { WatchEvent } from '../../src/contract/watch.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { pushRecords } from '../../src/usecases/push.ts';
import { watch } from '../../src/usecases/watch.ts';
import { inBatches, recordsOf } from '../sync/push-all.ts';
import { someIds } from './colleagues.ts';
import type { Seeded } from './seeded.ts';
import type { Entry, World } from './world.ts';

const externalId = 'ParaHack_Id__c';
const final = ['created', 'updated', 'deleted', 'rejected', 'dropped'];

interface Input {
  records: Record<string, unknown>[];
  upsertField: string | null;
  /** Its outcome was told, so that the same records would be new ones. */
  told: boolean;
  keys: string;
}

type Work = (signal: AbortSignal) => Promise<unknown>;

/** Whoever sits before the tool, and what was told to them. */
export class User {
  readonly world: World;
  readonly chance: Seeded;
  readonly #inputs: Input[] = [];
  readonly #created = new Map<string, string>();
  readonly #rejected = new Set<string>();
  #made = 0;

  constructor(world: World, chance: Seeded) {
    this.world = world;
    this.chance = chance;
  }

  /** One command, four times in ten stopped at a random request. */
  async act(): Promise<void> {
    const { chance } = this;
    const acts: (() => Promise<void>)[] = [
      () => this.#run('backfill', this.#copy(false)),
      () => this.#run('backfill', this.#copy(false)),
      () => this.#run('backfill --fresh', this.#copy(true)),
      ...Array.from(
        { length: 4 },
        () => () => this.#run('watch', (signal) => this.cycle(chance.chance(80), signal)),
      ),
      ...Array.from({ length: 4 }, () => () => this.#pushNew()),
      ...Array.from({ length: 2 }, () => () => this.#pushAgain()),
      () => this.world.restart(),
    ];
    // A script that met exit 5 runs the same push again, soon.
    if (this.#inputs.some(({ told }) => !told) && chance.chance(40)) await this.#pushAgain();
    else await chance.pick(acts)();
  }

  async cycle(push: boolean, signal: AbortSignal): Promise<WatchEvent[]> {
    const events: WatchEvent[] = [];
    const options = { orgs: [], intervalMs: 60_000, once: true, push, reconcileEveryMs: null };
    const context = { signal, onEvent: (event: WatchEvent) => void events.push(event) };
    await watch(this.world.app.services, options, context);
    return events;
  }

  #copy(fresh: boolean): Work {
    const api = this.chance.pick(['rest', 'bulk', 'auto'] as const);
    return (signal) =>
      backfillOrgs(
        this.world.app.services,
        { orgs: [], all: false, api, concurrency: 3, fresh, force: this.chance.chance(70), fields: null },
        { signal, onEvent: () => {} },
      );
  }

  async #run(what: string, work: Work): Promise<void> {
    const { world, chance } = this;
    const stop = new AbortController();
    let left = chance.chance(40) ? 1 + chance.below(60) : Number.POSITIVE_INFINITY;
    world.log.push(`${what}${Number.isFinite(left) ? `, stopped after ${left} looks at the clock` : ''}`);
    world.onRequest = () => {
      if (--left === 0) stop.abort();
    };
    try {
      await work(stop.signal);
    } catch (error) {
      world.log.push(`  ${String(error)}`);
      if (!isAbort(error) && !isAppError(error)) world.problem(`${what}: ${String(error)}`);
    } finally {
      world.onRequest = () => {};
    }
  }

  async #pushNew(): Promise<void> {
    const records = this.chance.pick([
      () => this.#creates(1 + this.chance.below(4)),
      () => this.#creates(15 + this.chance.below(25)),
      () => this.#updates(1 + this.chance.below(6)),
      () => someIds(this.world, this.chance, 2).map((Id) => ({ Id, IsDeleted: true })),
      () => [...this.#creates(1), ...this.#updates(2)],
    ])();
    const upserts = this.chance.chance(25);
    const given = upserts
      ? this.#creates(1 + this.chance.below(4)).map((one) => ({ ...one, [externalId]: `X ${one.LastName}` }))
      : records;
    if (given.length === 0) return;
    for (const { IsDeleted, Id } of given as { IsDeleted?: boolean; Id?: string }[])
      if (IsDeleted && Id) this.world.promises.kept.delete(Id);
    const input = { records: given, upsertField: upserts ? externalId : null, told: false, keys: '' };
    this.#inputs.push(input);
    await this.#run(`push ${JSON.stringify(given.slice(0, 3))}`, (signal) => this.#push(input, signal));
  }

  async #pushAgain(): Promise<void> {
    const open = this.#inputs.filter(({ told }) => !told);
    if (open.length === 0) return;
    const input = this.chance.pick(open);
    await this.#run(`push input ${this.#inputs.indexOf(input)} again`, (signal) => this.#push(input, signal));
  }

  #creates(count: number): { LastName: string; Department: string }[] {
    return Array.from({ length: count }, () => {
      const LastName = `Pushed ${++this.#made}`;
      this.world.promises.atMost.set(LastName, 1);
      return { LastName, Department: `Ours ${this.#made}` };
    });
  }

  #updates(count: number): { Id: string; Department: string }[] {
    return someIds(this.world, this.chance, count).map((Id) => ({ Id, Department: `Ours ${++this.#made}` }));
  }

  async #push(input: Input, signal: AbortSignal): Promise<void> {
    await using result = await pushRecords(
      this.world.app.services,
      {
        org: null,
        records: inBatches(recordsOf(input.records)),
        upsertField: input.upsertField,
        dryRun: false,
        queue: false,
        allOrNone: false,
        allowDuplicates: false,
        api: 'auto',
        ignoreUnknown: false,
        ignoreReadOnly: false,
        allowMixed: true,
        allowDamaged: false,
        decimal: null,
        fresh: false,
        keepRejects: false,
      },
      { signal, onEvent: () => {} },
    );
    await this.#hear(input, result);
  }

  async #hear(input: Input, result: PushResult): Promise<void> {
    if (result.invalid !== null) {
      input.told = true;
      return;
    }
    const items = [];
    for await (const page of result.results()) items.push(...page);
    this.world.log.push(`  ${items.map(({ status }) => status).join(' ')}`);
    const keys = items.map(({ key }) => key).join();
    if (input.keys !== '' && input.keys !== keys) this.world.problem('The same push again was another push.');
    input.keys = keys;
    input.told = items.every(({ status }) => final.includes(status));
    for (const [at, { status, id }] of items.entries()) {
      const { Id, LastName } = input.records[at] as { Id?: string; LastName: string };
      if (status === 'valid') this.world.problem(`${LastName ?? Id} was called valid by a push.`);
      if (Id === undefined && status === 'created' && id !== null) this.#created.set(LastName, id);
      if (Id === undefined && status === 'rejected') this.#rejected.add(LastName);
    }
  }

  /** What was told must be true at the end; `entries` are those of the outbox then. */
  checkTold(entries: readonly Entry[]): void {
    const { seen } = this.world;
    for (const [name, id] of this.#created)
      if (!seen.get(name)?.has(id)) this.world.problem(`${name} was told as created and is not there.`);
    for (const name of this.#rejected)
      if (seen.has(name)) this.world.problem(`${name} was told as refused and is there.`);
    const kept = new Set(entries.map(({ key }) => key));
    const keys = this.#inputs.flatMap((input) => (input.keys === '' ? [] : input.keys.split(',')));
    for (const key of keys) if (!kept.has(key)) this.world.problem(`The outbox has lost ${key}.`);
  }
}
