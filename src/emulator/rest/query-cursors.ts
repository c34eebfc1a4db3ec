import type { QueryResult } from '../engine/query-result.ts';
import { apiError } from '../http/api-error.ts';

/** An open query of one user. */
export interface QueryCursor {
  id: string;
  userId: string;
  result: QueryResult;
  pageRows: number;
  lastUsedMs: number;
  /** Its last page was sent: it no longer counts as open, but a page may be asked for again. */
  finished: boolean;
}

/** "A user can have up to 10 query cursors open at a time" (REST API, Query More Results). */
const openPerUser = 10;
/** Finished cursors kept for clients that ask once more for a page whose answer was lost. */
const finishedPerUser = 10;

export interface QueryCursorOptions {
  now: () => number;
  idleMs: () => number;
  /** A record id for the number of a cursor. */
  makeId: (number: number) => string;
}

/** Ten open cursors a user: another one releases the oldest, and an idle one dies. */
export class QueryCursors {
  readonly #cursors = new Map<string, QueryCursor>();
  readonly #options: QueryCursorOptions;
  #count = 0;

  constructor(options: QueryCursorOptions) {
    this.#options = options;
  }

  open(userId: string, result: QueryResult, pageRows: number): QueryCursor {
    const id = this.#options.makeId(++this.#count);
    const cursor = { id, userId, result, pageRows, lastUsedMs: this.#options.now(), finished: false };
    this.#cursors.set(id, cursor);
    this.#evict(userId, false, openPerUser);
    return cursor;
  }

  /** `01g…-2000` → the cursor and the offset; INVALID_QUERY_LOCATOR for one that is gone or another user's. */
  find(userId: string, locator: string): { cursor: QueryCursor; offset: number } {
    const match = /^([a-zA-Z0-9]{15})(?:[a-zA-Z0-9]{3})?-(\d{1,9})$/.exec(locator);
    const now = this.#options.now();
    const cursor = [...this.#cursors.values()].find((c) => c.id.slice(0, 15) === match?.[1]);
    if (!match || !cursor || cursor.userId !== userId) throw invalidLocator();
    if (now - cursor.lastUsedMs > this.#options.idleMs()) {
      this.#cursors.delete(cursor.id);
      throw invalidLocator();
    }
    const offset = Number(match[2]);
    if (offset >= cursor.result.totalSize) throw invalidLocator();
    cursor.lastUsedMs = now;
    return { cursor, offset };
  }

  finish(cursor: QueryCursor): void {
    cursor.finished = true;
    this.#evict(cursor.userId, true, finishedPerUser);
  }

  get openCount(): number {
    return [...this.#cursors.values()].filter((c) => !c.finished).length;
  }

  clear(): void {
    this.#cursors.clear();
  }

  /** Releases the user's oldest cursors of a kind beyond `keep`; a Map keeps the order of opening. */
  #evict(userId: string, finished: boolean, keep: number): void {
    const own = [...this.#cursors.values()].filter((c) => c.userId === userId && c.finished === finished);
    for (const old of own.slice(0, Math.max(0, own.length - keep))) this.#cursors.delete(old.id);
  }
}

function invalidLocator() {
  return apiError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
}
