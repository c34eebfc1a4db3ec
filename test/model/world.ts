import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { contactsOf, control } from '../e2e/org.ts';
import { type OpenServices, openServices } from '../usecases/open-services.ts';

export type Contact = Record<string, unknown> & { Id: string; LastName: string; IsDeleted: boolean };

export interface Entry {
  key: string;
  op: 'create' | 'update' | 'delete';
  state: string;
  contact_id: string | null;
  upsert_field: string | null;
  sent_at: string | null;
  changes: Record<string, unknown>;
}

/** What nobody may ever see: told by `look`, whenever something was done. */
export interface Promises {
  /** Last names of pushed contacts, with how many contacts of each there may ever have been. */
  atMost: Map<string, number>;
  /** `Id Department`: a colleague has written since that value was sent, so it must not come back. */
  superseded: Set<string>;
  /** A colleague has touched or restored them since their delete was sent. */
  kept: Set<string>;
}

/** An org, a data folder, and everything that was ever seen of the org's contacts. */
export class World implements AsyncDisposable {
  readonly emulator: Emulator;
  readonly dataDir: string;
  readonly promises: Promises = { atMost: new Map(), superseded: new Set(), kept: new Set() };
  readonly seen = new Map<string, Set<string>>();
  readonly log: string[] = [];
  readonly problems: string[] = [];
  readonly hidden = new Set<string>();
  contacts: Contact[] = [];
  openTransaction = false;
  /** Commits come late: what is seen of a contact may be older than what was written last. */
  late = false;
  app: OpenServices;
  /** Called at each reading of the org's clock, of which every request makes some: an instant that a seed can name. */
  onRequest: () => void = () => {};

  private constructor(emulator: Emulator, dataDir: string) {
    this.emulator = emulator;
    this.dataDir = dataDir;
    this.app = openServices(emulator, { dataDir });
  }

  static async open(contacts: number): Promise<World> {
    // Early in a minute, and a little later at each look: the same for every run of a seed.
    let now = Date.UTC(2026, 0, 31, 12, 0, 5);
    let world: World | null = null;
    const wallClock = () => {
      world?.onRequest();
      now += 2;
      return now;
    };
    const emulator = await startEmulator({ contacts, dailyLimit: 10_000_000, wallClock });
    world = new World(emulator, mkdtempSync(join(tmpdir(), 'parahack-sync-model-')));
    await world.look();
    return world;
  }

  get file(): string {
    return mirrorPath(join(this.dataDir, 'orgs'), this.emulator.url);
  }

  async control(name: string, body: unknown = {}): Promise<void> {
    this.log.push(`${name} ${JSON.stringify(body)}`);
    await control(this.emulator.url, name, body);
  }

  /** Whether the org took it: a contact that looks live may have been deleted by what is not committed yet. */
  async tries(name: string, body: unknown): Promise<boolean> {
    try {
      await this.control(name, body);
      return true;
    } catch (error) {
      if (!String(error).includes(': 400 ')) throw error;
      this.log.push(`  ${String(error)}`);
      return false;
    }
  }

  entries(): Entry[] {
    if (!existsSync(this.file)) return [];
    const db = new Database(this.file, { readonly: true });
    try {
      const rows = db.prepare('SELECT * FROM outbox ORDER BY seq').all() as (Entry & { changes: string })[];
      return rows.map((row) => ({ ...row, changes: JSON.parse(row.changes) }));
    } finally {
      db.close();
    }
  }

  /** Reads the org as it is now and holds it against what was promised. */
  async look(): Promise<void> {
    this.contacts = (await contactsOf(this.emulator.url, { deleted: true })) as Contact[];
    const { atMost, superseded, kept } = this.promises;
    for (const { Id, LastName, Department, IsDeleted } of this.contacts) {
      const ids = this.seen.get(LastName) ?? new Set();
      this.seen.set(LastName, ids.add(Id));
      const allowed = atMost.get(LastName) ?? Number.POSITIVE_INFINITY;
      if (ids.size > allowed)
        this.problem(`${LastName} was pushed once and exists as ${[...ids].join(', ')}`);
      if (superseded.has(`${Id} ${String(Department)}`))
        this.problem(`${Id}: ${String(Department)} was written over a colleague's edit`);
      if (IsDeleted && kept.has(Id)) this.problem(`${Id} was deleted again after a colleague's restoring`);
    }
  }

  problem(text: string): void {
    if (this.problems.includes(text)) return;
    this.problems.push(text);
    this.log.push(`!!! ${text}`);
  }

  async restart(): Promise<void> {
    await this.app[Symbol.asyncDispose]();
    this.app = openServices(this.emulator, { dataDir: this.dataDir });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app[Symbol.asyncDispose]();
    await this.emulator.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
