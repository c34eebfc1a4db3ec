import type { Connection } from '../../sqlite/connection.ts';
import type { AskedReconcile, Asking } from '../../sync/ports/asked-reconcile.ts';
import { askedReconcileOf, joined, noted } from '../asked-reconcile.ts';
import { objectKey, readMeta, writeMeta } from './meta.ts';
import { storedJson } from './stored-json.ts';

const askedKey = objectKey('asked_reconcile');

export function readAsked(db: Connection, object: string): AskedReconcile | null {
  const stored = readMeta(db, askedKey(object));
  return stored === null ? null : askedReconcileOf(storedJson(stored));
}

export function askReconcile(db: Connection, object: string, asked: Asking): void {
  write(db, object, joined(readAsked(db, object), asked));
}

/** Does nothing where another was asked for since. */
export function noteAsked(db: Connection, object: string, asked: AskedReconcile): void {
  const now = noted(readAsked(db, object), asked);
  if (now !== null) write(db, object, now);
}

function write(db: Connection, object: string, asked: AskedReconcile): void {
  writeMeta(db, askedKey(object), JSON.stringify(asked));
}
