import Database from 'better-sqlite3';

export type Connection = Database.Database;
export type Statement<Parameters extends unknown[] = unknown[]> = Database.Statement<Parameters>;

/** An empty database that is gone when it is closed. */
export function openInMemory(): Connection {
  return new Database(':memory:');
}

/**
 * Loads SQLite's binding into this thread, to stay. A thread that alone has loaded it takes it out of memory as it
 * ends, and what V8 still calls back into it then crashes the process, as was reported of better-sqlite3.
 */
export function holdBinding(): void {
  openInMemory().close();
}
