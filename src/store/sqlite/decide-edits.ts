import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { EditDecision, EditRecord } from '../../sync/ports/outbox-entry.ts';
import { keepConflictBase } from './conflict-base.ts';
import { amendEntry, insertPart, isEmpty, partOf } from './entry-part.ts';
import { insertStep } from './run-records.ts';
import { settleEntries } from './send-records.ts';

/** See `Outbox.decideEdits`. The caller holds the transaction. */
export function decideEdits(
  db: Connection,
  decisions: readonly EditDecision[],
  { runId, step, lines }: EditRecord,
  at: number,
): string[] {
  const waits = db.prepare("SELECT base FROM outbox WHERE key = ? AND local = 1 AND state = 'pending'").raw();
  const taken: string[] = [];
  for (const decision of decisions) {
    const entry = waits.get(decision.key) as [base: string | null] | undefined;
    if (entry === undefined) continue;
    taken.push(decision.key);
    carryOut(db, decision, entry[0], at);
  }
  const open = new Set(decisions.map(({ key }) => key));
  for (const key of taken) open.delete(key);
  const told = lines.filter(({ key }) => !open.has(key)).map(({ text }) => text);
  if (told.length > 0)
    insertStep(db, runId, { name: step, startedAt: at, finishedAt: at, counts: {}, note: told.join('\n') });
  return taken;
}

function carryOut(db: Connection, decision: EditDecision, former: string | null, at: number): void {
  const { key } = decision;
  switch (decision.kind) {
    case 'amend': {
      const { changes, contactId } = decision;
      amendEntry(
        db,
        key,
        partOf({ changes, base: parsed(former) }, (name) => name in changes),
      );
      setContact(db, key, contactId);
      return;
    }
    case 'part': {
      const base = parsed(former);
      const later = namesBehind(db, key);
      for (const { key: as, changes, errors } of decision.parts) {
        const part = { changes, base };
        const mine = partOf(part, (name) => name in changes && !later.has(name));
        if (!isEmpty(mine)) insertPart(db, key, mine, { as, state: 'rejected', errors, at });
        // It would come behind a later edit of the same field.
        const former = partOf(part, (name) => name in changes && later.has(name));
        if (!isEmpty(former)) insertPart(db, key, former, { state: 'dropped', errors, at });
      }
      const { changes } = decision;
      amendEntry(
        db,
        key,
        partOf({ changes, base }, (name) => name in changes),
      );
      markDue(db, key);
      db.prepare('UPDATE outbox SET key = ? WHERE key = ?').run(decision.as, key);
      return;
    }
    case 'done':
      if (decision.contactId !== '') setContact(db, key, decision.contactId);
      settleEntries(db, [{ key, state: 'done', contactId: decision.contactId, created: false, at }]);
      return;
    case 'reject':
      settleEntries(db, [{ key, state: 'rejected', errors: decision.errors, at }]);
      return;
    case 'drop': {
      const [first] = decision.errors;
      db.prepare(
        `UPDATE outbox SET state = 'dropped', settled_at = ?, errors = ?, error_code = ?, error_message = ? WHERE key = ?`,
      ).run(isoTime(at), JSON.stringify(decision.errors), first?.code ?? null, first?.message ?? null, key);
      return;
    }
    case 'conflict': {
      const { contactId, errors } = decision;
      keepConflictBase(db, key, decision.base, decision.knownTo);
      if (contactId !== null) setContact(db, key, contactId);
      settleEntries(db, [{ key, state: 'conflict', errors, contactId, at }]);
      return;
    }
  }
}

function parsed(values: string | null): Record<string, unknown> | null {
  return values === null ? null : (JSON.parse(values) as Record<string, unknown>);
}

/**
 * The edit is of this contact from now on, which is another one only where its own was merged into that. The local rows
 * of both follow.
 */
function setContact(db: Connection, key: string, contactId: string): void {
  markDue(db, key);
  db.prepare(
    `UPDATE outbox SET contact_id = :id,
       contact_key = CASE WHEN contact_id IS NULL OR contact_id = :id THEN contact_key
         ELSE coalesce((SELECT _key FROM contact WHERE Id = :id), :id) END
     WHERE key = :key`,
  ).run({ id: contactId, key });
}

/** Its contact's local row is made anew. */
function markDue(db: Connection, key: string): void {
  db.prepare(
    'INSERT OR IGNORE INTO contact_due (_key, entry) SELECT contact_key, 0 FROM outbox WHERE key = ?',
  ).run(key);
}

/** Fields that open edits behind this one change. */
function namesBehind(db: Connection, key: string): Set<string> {
  const names = db.prepare(
    `SELECT DISTINCT j.key FROM outbox mine
       CROSS JOIN outbox o ON o.contact_key = mine.contact_key AND o.seq > mine.seq, json_each(o.changes) j
     WHERE mine.key = ? AND o.local = 1 AND o.state NOT IN ('done', 'dropped')`,
  );
  return new Set(names.pluck().all(key) as string[]);
}
