import { leaseLost } from '../../base/lease-lost.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { Fence } from '../write-kinds.ts';
import { readMeta, writeMeta } from './meta.ts';

/** Before the lease's name in `meta`; the value is the highest fence that was seen of it. */
export const fencePrefix = 'fence:';

export function readFence(db: Connection, name: string): number {
  return Number(readMeta(db, fencePrefix + name) ?? 0);
}

/**
 * The last statement of a transaction: what came before may have brought fences of its own (the contents of a copy).
 * Throws AppError `LEASE_LOST` where a later holder has been here; remembers a fence that is new.
 */
export function checkFences(db: Connection, fences: readonly Fence[]): void {
  refuseLost(db, fences);
  for (const { name, fence } of fences)
    if (readFence(db, name) < fence) writeMeta(db, fencePrefix + name, String(fence));
}

/** For work that fails over what a later holder has left: that is the reason to tell. Throws AppError `LEASE_LOST`. */
export function refuseLost(db: Connection, fences: readonly Fence[]): void {
  for (const { name, fence } of fences) {
    const seen = readFence(db, name);
    if (seen > fence) throw leaseLost(name, { fence, seen });
  }
}
