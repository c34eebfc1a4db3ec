import { randomUUID } from 'node:crypto';
import type { NewOutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import { epoch } from '../store/sqlite/pages.ts';

/** A creation that waits, with a key of its own. */
export function newEntry(more: Partial<NewOutboxEntry> = {}): NewOutboxEntry {
  const key = randomUUID();
  return {
    key,
    op: 'create',
    contactKey: key,
    contactId: null,
    changes: { LastName: 'New', FirstName: null },
    base: null,
    upsertField: null,
    allowDuplicates: false,
    atomicGroup: null,
    createdAt: epoch,
    state: 'pending',
    ...more,
  };
}
