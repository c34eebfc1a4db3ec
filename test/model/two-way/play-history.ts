import { conflictPolicies } from '../../../src/org/conflict-policy.ts';
import { Seeded } from '../seeded.ts';
import type { Row } from '../watch/org.ts';
import { TwoWayWorld } from './two-way-world.ts';

/** Fields that both sides write. */
const fields = ['FirstName', 'Title', 'Department', 'Phone'] as const;
type FieldName = (typeof fields)[number];

/** What a program has written to a field last, of a contact by its key. */
interface Wish {
  key: string;
  field: FieldName;
  value: string;
  /** The delete of the contact by a program came after it. */
  isDeleted: boolean;
}

/** What a user of the org has written to a field last. */
interface Theirs {
  id: string;
  field: FieldName;
  value: string;
  /** It came while a cycle was under way: between reading and writing lies the gap of one request. */
  isMeanwhile: boolean;
}

/** One history of both sides, to its end, where nothing is wrong any more and both must be equal. */
export class TwoWayHistory {
  readonly #world: TwoWayWorld;
  readonly #chance: Seeded;
  readonly #wishes = new Map<string, Wish>();
  readonly #theirs = new Map<string, Theirs>();
  /** The keys of the contacts that programs have made. */
  readonly #made: string[] = [];
  readonly #tally: Map<string, number>;
  #values = 0;
  #isAtWork = false;

  private constructor(world: TwoWayWorld, chance: Seeded, tally: Map<string, number>) {
    this.#world = world;
    this.#chance = chance;
    this.#tally = tally;
  }

  /** Throws, with all that was done, where the end is not as it must be. `tally` counts the steps by their kinds. */
  static async play(seed: number, tally: Map<string, number>): Promise<void> {
    const chance = new Seeded(seed);
    const policy = chance.pick(conflictPolicies);
    await using world = await TwoWayWorld.open(3 + chance.below(8), seed, policy);
    const history = new TwoWayHistory(world, chance, tally);
    world.log.push(`policy ${policy}`);
    try {
      const steps = 15 + chance.below(25);
      for (let step = 0; step < steps; step++) await history.#step();
      await history.#rest();
      await history.#assertEqual();
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}\n${world.log.join('\n')}`, { cause: error });
    }
  }

  async #step(): Promise<void> {
    const chance = this.#chance;
    const at = chance.below(100);
    if (at < 40) return this.#programWrites();
    if (at < 60) return this.#usersWrite();
    if (at < 66) return this.#fault();
    if (at < 72) {
      this.#count('time');
      this.#world.clock.pass(1_000 * (1 + chance.below(300)));
      return;
    }
    if (at < 76) return this.#personDecides();
    return this.#cycle();
  }

  #count(kind: string): void {
    this.#tally.set(kind, (this.#tally.get(kind) ?? 0) + 1);
  }

  #value(who: string): string {
    this.#values++;
    return `${who}${this.#values}`;
  }

  /** Never while a step of another waits: a statement is one transaction. */
  #programWrites(): void {
    const chance = this.#chance;
    const rows = this.#world.sql<Row & { _key: string }>('SELECT * FROM contacts ORDER BY _key');
    const at = chance.below(10);
    if (at < 2 || rows.length === 0) this.#programInserts();
    else if (at < 3) this.#programDeletes(chance.pick(rows));
    else this.#programUpdates(chance.pick(rows));
  }

  #programUpdates(row: Row & { _key: string }): void {
    const chance = this.#chance;
    const chosen = fields.filter(() => chance.chance(40));
    const sets = (chosen.length === 0 ? [fields[0]] : chosen).map((field) => {
      const isBack = chance.chance(10);
      return {
        field,
        value: isBack ? ((row[field] as string | null) ?? this.#value('p')) : this.#value('p'),
      };
    });
    this.#count('update');
    this.#world.log.push(`${this.#where}update ${row._key}: ${JSON.stringify(sets)}`);
    this.#world.sql(
      `UPDATE contacts SET ${sets.map(({ field }) => `${field} = ?`).join(', ')} WHERE _key = ?`,
      ...sets.map(({ value }) => value),
      row._key,
    );
    for (const { field, value } of sets) {
      if (row[field] === value) continue;
      // A program has seen what it writes over, also what was merged into this contact from another.
      for (const [name, wish] of this.#wishes)
        if (wish.field === field && wish.value === row[field]) this.#wishes.delete(name);
      this.#wishes.set(`${row._key} ${field}`, { key: row._key, field, value, isDeleted: false });
    }
  }

  get #where(): string {
    return this.#isAtWork ? '  meanwhile: ' : '';
  }

  #programInserts(): void {
    const key = `key-${this.#made.length + 1}`;
    this.#made.push(key);
    this.#count('insert');
    this.#world.log.push(`${this.#where}insert ${key}`);
    this.#world.sql('INSERT INTO contacts (_key, LastName, Description) VALUES (?, ?, ?)', key, 'Made', key);
  }

  #programDeletes(row: Row & { _key: string }): void {
    this.#count('delete');
    this.#world.log.push(`${this.#where}delete ${row._key}`);
    this.#world.sql('DELETE FROM contacts WHERE _key = ?', row._key);
    for (const wish of this.#wishes.values()) if (wish.key === row._key) wish.isDeleted = true;
  }

  async #usersWrite(): Promise<void> {
    const chance = this.#chance;
    const { org, log } = this.#world;
    const rows = await org.rows();
    const live = rows.filter(({ IsDeleted }) => !IsDeleted).map(({ Id }) => Id);
    const bin = rows
      .filter(({ IsDeleted, MasterRecordId }) => IsDeleted && MasterRecordId === null)
      .map(({ Id }) => Id);
    const at = chance.below(12);
    if (at === 0 && live.length > 2) {
      const id = chance.pick(live);
      log.push(`${this.#where}users delete ${id}`);
      this.#count('users delete');
      await org.control('delete', { ids: [id] });
    } else if (at === 1 && bin.length > 0) {
      const id = chance.pick(bin);
      log.push(`${this.#where}users undelete ${id}`);
      this.#count('users undelete');
      await org.control('undelete', { ids: [id] });
    } else if (at === 2 && live.length > 3) {
      const [master, loser] = [chance.pick(live), chance.pick(live)];
      if (master === loser) return;
      log.push(`${this.#where}users merge ${loser} into ${master}`);
      this.#count('users merge');
      await org.control('merge', { master, losers: [loser] });
    } else if (at === 3) {
      log.push(`${this.#where}users create`);
      this.#count('users create');
      await org.control('contacts', { count: 1, seed: chance.below(1_000) });
    } else if (live.length > 0) {
      const id = chance.pick(live);
      const field = chance.pick(fields);
      const value = this.#value('u');
      log.push(`${this.#where}users set ${field} of ${id} to ${value}`);
      this.#count('users update');
      await org.control('touch', { ids: [id], set: { [field]: value } });
      this.#theirs.set(`${id} ${field}`, { id, field, value, isMeanwhile: this.#isAtWork });
    }
  }

  async #fault(): Promise<void> {
    const chance = this.#chance;
    const match = chance.pick([
      'POST .*/ui-api/records',
      '(POST|PATCH|DELETE) .*/composite/sobjects',
      'GET',
      'POST',
    ]);
    const fault = chance.pick([
      { reset: 'after-commit' },
      { reset: 'before' },
      { status: 500 },
      { status: 503, afterCommit: true },
      { status: 404 },
    ]);
    this.#count('fault');
    this.#world.log.push(`fault ${match} ${JSON.stringify(fault)}`);
    await this.#world.org.control('faults', [{ match, times: 1 + chance.below(3), ...fault }]);
  }

  async #personDecides(): Promise<void> {
    const to = this.#chance.pick(['pending', 'dropped'] as const);
    this.#count('decision');
    this.#world.log.push(`a person decides conflicts and refusals: ${to}`);
    await this.#world.decide(['conflict', 'rejected'], to);
  }

  async #cycle(): Promise<void> {
    const chance = this.#chance;
    const meanwhile = Array.from({ length: chance.below(3) }, () => ({
      before: 1 + chance.below(8),
      work: async () => {
        this.#isAtWork = true;
        await (chance.chance(60) ? this.#programWrites() : this.#usersWrite());
        this.#isAtWork = false;
      },
    }));
    const crash = chance.chance(20)
      ? {
          of: chance.pick(['write', 'send'] as const),
          at: 1 + chance.below(12),
          side: chance.pick(['before', 'behind'] as const),
        }
      : null;
    this.#count(crash === null ? 'cycle' : 'crash');
    this.#world.log.push(`cycle${crash === null ? '' : ` that dies ${crash.side} ${crash.of} ${crash.at}`}`);
    await this.#world.cycle(meanwhile, crash);
  }

  /** Nothing is wrong any more, and people have decided what waited for them. */
  async #rest(): Promise<void> {
    const { org, clock, log } = this.#world;
    await org.control('faults', []);
    log.push('rest');
    for (let round = 0; round < 12; round++) {
      clock.pass(180_000);
      const complete = await this.#world.cycle();
      if (complete === null) continue;
      const { outbox, upserted, deleted, undeleted, pushed } = complete;
      if (outbox.conflicts + outbox.rejected + outbox.held > 0) {
        await this.#world.decide(['held'], 'pending');
        await this.#world.decide(['conflict', 'rejected'], round < 4 ? 'pending' : 'dropped');
        continue;
      }
      if (outbox.pending === 0 && upserted + deleted + undeleted + pushed === 0) return;
    }
    throw new Error(
      `no rest: ${JSON.stringify(this.#world.sql("SELECT * FROM outbox WHERE state NOT IN ('done', 'dropped')"))}`,
    );
  }

  async #assertEqual(): Promise<void> {
    const world = this.#world;
    const org = await world.liveInOrg();
    const doubts = world.sql<{ contact_key: string }>(
      "SELECT contact_key FROM outbox WHERE state = 'in-doubt'",
    );
    const doubtful = new Set(doubts.map(({ contact_key: key }) => key));
    const rows = world.sql<Row & { _key: string; _state: string }>('SELECT * FROM contacts');
    const shown = new Set<string>();
    for (const row of rows) {
      if (doubtful.has(row._key)) continue;
      if (row.Id === null) throw new Error(`${row._key} has no Id, and is not in doubt`);
      const theirs = org.get(row.Id);
      if (theirs === undefined) throw new Error(`the view shows ${row.Id}, which the org does not have`);
      if (shown.has(row.Id)) throw new Error(`the view shows ${row.Id} twice`);
      shown.add(row.Id);
      for (const field of ['LastName', 'Description', ...fields]) {
        if ((row[field] ?? null) !== (theirs[field] ?? null))
          throw new Error(`${field} of ${row._key} is ${row[field]} here and ${theirs[field]} in the org`);
      }
      if (row._state !== 'synced') throw new Error(`${row._key} is ${row._state}`);
    }
    for (const id of org.keys()) {
      const hidden = world.sql('SELECT 1 FROM contact_local WHERE Id = ?', id).length > 0;
      if (!shown.has(id) && !hidden) throw new Error(`the view lacks ${id}`);
    }
    const local = world
      .sql<{ _key: string }>('SELECT _key FROM contact_local')
      .filter(({ _key }) => !doubtful.has(_key));
    if (local.length > 0) throw new Error(`local rows are left: ${JSON.stringify(local)}`);
    await this.#assertMadeOnce();
    this.#assertRecorded(org);
  }

  /** Each contact that a program has made exists once at most, also where it was deleted since, and no key is another's. */
  async #assertMadeOnce(): Promise<void> {
    const all = await this.#world.org.rows();
    for (const key of this.#made) {
      const found = all.filter(({ Description }) => Description === key);
      if (found.length > 1) throw new Error(`${key} was made ${found.length} times`);
      const keyed = this.#world.sql<{ Id: string }>('SELECT Id FROM contact WHERE _key = ?', key);
      if (keyed.length > 1 || (keyed[0] !== undefined && keyed[0].Id !== found[0]?.Id))
        throw new Error(`${key} is the key of ${JSON.stringify(keyed)}`);
      const created = this.#world.sql<{ state: string }>(
        "SELECT state FROM outbox WHERE contact_key = ? AND op = 'create' AND state <> 'dropped'",
        key,
      );
      if (created.some(({ state }) => state === 'done') && found.length === 0)
        throw new Error(`${key} is done and does not exist`);
    }
  }

  /** No edit of either side is gone without a record. */
  #assertRecorded(org: ReadonlyMap<string, Row>): void {
    const world = this.#world;
    const entries = world
      .sql<{ changes: string; errors: string; base: string | null }>(
        'SELECT changes, errors, base FROM outbox',
      )
      .flatMap(({ changes, errors, base }) => [changes, errors, base ?? '']);
    const notes = world
      .sql<{ note: string | null }>('SELECT note FROM run_step')
      .map(({ note }) => note ?? '');
    const record = [...entries, ...notes].join('\n');
    for (const { key, field, value, isDeleted } of this.#wishes.values()) {
      if (isDeleted || record.includes(`"${value}"`)) continue;
      const shown = world.sql(`SELECT 1 FROM contacts WHERE _key = ? AND ${field} = ?`, key, value);
      if (shown.length === 0) throw new Error(`nothing tells what became of ${field} = ${value} of ${key}`);
    }
    for (const { id, field, value, isMeanwhile } of this.#theirs.values()) {
      const row = org.get(id);
      if (row === undefined || row[field] === value || isMeanwhile) continue;
      // A program that has seen it may write another one over it: then its edit is based on it.
      if (!record.includes(`"${value}"`))
        throw new Error(`${field} = ${value} of ${id} was overwritten unseen`);
    }
  }
}
