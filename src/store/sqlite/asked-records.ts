import type { Connection } from '../../sqlite/connection.ts';
import type { AskedReconcile, Asking } from '../../sync/ports/asked-reconcile.ts';
import {
  type AskedReconciles,
  askedOf,
  askedReconcilesOf,
  joined,
  noted,
  openOf,
} from '../asked-reconcile.ts';
import { objectKey, readMeta, writeMeta } from './meta.ts';
import { storedJson } from './stored-json.ts';

const askedKey = objectKey('asked_reconcile');

export function readAsked(
  db: Connection,
  object: string,
  which?: Partial<Pick<Asking, 'id' | 'dryRun'>>,
): AskedReconcile | null {
  return askedOf(readAll(db, object), which);
}

export function readOpen(db: Connection, object: string): AskedReconcile[] {
  return openOf(readAll(db, object));
}

export function askReconcile(db: Connection, object: string, asked: Asking): string {
  const { all, id } = joined(readAll(db, object), asked);
  write(db, object, all);
  return id;
}

/** Does nothing where it is not known any more. */
export function noteAsked(db: Connection, object: string, asked: AskedReconcile): void {
  const all = readAll(db, object);
  if (all.some(({ id }) => id === asked.id)) write(db, object, noted(all, asked));
}

function readAll(db: Connection, object: string): AskedReconciles {
  const stored = readMeta(db, askedKey(object));
  return stored === null ? [] : askedReconcilesOf(storedJson(stored));
}

function write(db: Connection, object: string, all: AskedReconciles): void {
  writeMeta(db, askedKey(object), JSON.stringify(all));
}
