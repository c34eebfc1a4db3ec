import type { Connection } from '../../sqlite/connection.ts';
import type { AskedReconcile, Asking } from '../../sync/ports/asked-reconcile.ts';
import { type AskedReconciles, askedOf, askedReconcilesOf, joined, noted } from '../asked-reconcile.ts';
import { objectKey, readMeta, writeMeta } from './meta.ts';
import { storedJson } from './stored-json.ts';

const askedKey = objectKey('asked_reconcile');

export function readAsked(
  db: Connection,
  object: string,
  kind?: Pick<Asking, 'dryRun'>,
): AskedReconcile | null {
  return askedOf(readAll(db, object), kind);
}

export function askReconcile(db: Connection, object: string, asked: Asking): void {
  write(db, object, joined(readAll(db, object), asked));
}

/** Does nothing where another was asked for since. */
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
