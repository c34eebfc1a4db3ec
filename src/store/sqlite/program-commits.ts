import { existsSync } from 'node:fs';
import { inodeOf } from '../../base/inode.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { ProgramCommits } from '../../sync/ports/program-commits.ts';
import { openForReading } from './connection.ts';
import { readLocalCommits } from './two-way-records.ts';

/** Small: it reads one row. */
const cacheKb = 64;

/**
 * By a connection of its own. SQLite keeps a number that changes with the commits of all other connections, those of this
 * process too, and costs no reading of the file; only where it has changed are the programs' own commits looked up.
 */
export class SqliteProgramCommits implements ProgramCommits {
  readonly #path: string;
  #open: { db: Connection; inode: string | null } | null = null;
  #version = -1;
  #commits: number | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  look(): number | null {
    try {
      return this.#look();
    } catch {
      // Whatever it is, a turn of the org meets it too, and tells it.
      this[Symbol.dispose]();
      return null;
    }
  }

  #look(): number | null {
    // One that was replaced is another mirror.
    if (this.#open !== null && this.#open.inode !== inodeOf(this.#path)) this[Symbol.dispose]();
    if (this.#open === null) {
      if (!existsSync(this.#path)) return null;
      const db = openForReading(this.#path);
      db.pragma(`cache_size = -${cacheKb}`);
      this.#open = { db, inode: inodeOf(this.#path) };
      this.#version = -1;
    }
    const { db } = this.#open;
    const version = db.pragma('data_version', { simple: true }) as number;
    if (version !== this.#version) {
      this.#version = version;
      this.#commits = readLocalCommits(db);
    }
    return this.#commits;
  }

  [Symbol.dispose](): void {
    this.#open?.db.close();
    this.#open = null;
  }
}
