import type Database from 'better-sqlite3';
import { keptStatement } from './kept-statement.ts';

/** An entry of the outbox, as far as a history looks at it. */
export interface Entry {
  seq: number;
  key: string;
  op: 'create' | 'update' | 'delete';
  state: string;
  contactKey: string;
  contactId: string | null;
  changes: string;
  base: string | null;
  /** What it was based on before it was found to be in conflict. */
  firstBase: string | null;
  errors: string;
  local: number;
  doubt: string | null;
  /** When a request may have carried it first; null where none did. */
  sentAt: string | null;
}

const columns =
  'seq, key, op, state, contact_key AS contactKey, contact_id AS contactId, changes, base, first_base AS firstBase, errors, local, doubt, sent_at AS sentAt';

export function entriesIn(db: Database.Database): Entry[] {
  return keptStatement(db, `SELECT ${columns} FROM outbox ORDER BY seq`).all() as Entry[];
}

export function isOpen({ state }: Entry): boolean {
  return state !== 'done' && state !== 'dropped';
}
