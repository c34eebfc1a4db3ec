import type { Actor } from '../engine/actor.ts';
import type { OrgState } from '../engine/org-state.ts';
import { OrgFault } from '../schema/fault.ts';
import { quoted } from '../schema/field.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import { instantMs, parseInstant, restInstant, storedInstant } from '../schema/stamp.ts';
import type { DeletedAnswer, UpdatedAnswer } from './org.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** sObject Get Updated: how far back `start` may lie. */
const UPDATED_REACH_MS = 30 * DAY_MS;
/** sObject Get Deleted: how long a delete is remembered. */
const DELETED_REACH_MS = 15 * DAY_MS;
const PURGED_KEY = 'delete_log_purged_ms';

interface Span {
  readonly object: ObjectSchema;
  readonly startMs: number;
  readonly endMs: number;
  readonly nowMs: number;
}

function invalidDate(message: string): OrgFault {
  return new OrgFault('INVALID_REPLICATION_DATE', message);
}

/** The span asked for, without the seconds of its ends: 12:30:15 means 12:30:00 (SOAP API, getUpdated()). */
function spanOf(state: OrgState, objectName: string, start: string, end: string): Span {
  const object = state.schema.require(objectName);
  if (!object.document.replicateable) {
    throw new OrgFault(
      'INVALID_TYPE_FOR_OPERATION',
      `entity type ${object.name} does not support replication`,
    );
  }
  const [startMs, endMs] = [start, end].map((text) => {
    const ms = parseInstant(text);
    if (ms === undefined) throw invalidDate(`invalid date: ${text}`);
    return Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  }) as [number, number];
  const nowMs = state.clock.now();
  if (startMs >= endMs) throw invalidDate('startDate must be earlier than endDate by more than one minute');
  if (startMs > nowMs) throw invalidDate('startDate cannot be in the future');
  if (nowMs - startMs > UPDATED_REACH_MS) throw invalidDate('startDate before org replication enabled date');
  return { object, startMs, endMs, nowMs };
}

/**
 * Up to when every change is in the answer: not past the end, not past now (unless the org answers an end in the
 * future with itself), and not past the start of a transaction that is still open.
 */
function latestDateCovered(state: OrgState, { endMs, nowMs }: Span): string {
  const covered = state.commits.coveredMs(nowMs);
  const now = state.settings.futureEndCovered ? (covered < nowMs ? covered : endMs) : covered;
  return restInstant(Math.floor(Math.min(endMs, now) / 1000) * 1000);
}

/** Both ends belong to the span; a row that was changed and then deleted is in both answers. */
export function getUpdated(
  state: OrgState,
  actor: Actor,
  objectName: string,
  start: string,
  end: string,
): UpdatedAnswer {
  const span = spanOf(state, objectName, start, end);
  const { object } = span;
  const hidden = state.visibility.condition(object, 't', actor.userId);
  const limit = state.settings.replicationIdLimit;
  const ids = state.storage
    .pluck(
      `select t."Id" from ${quoted(object.name)} t where t._write >= ? and t._write <= ?${hidden ? ` and ${hidden.text}` : ''} order by t._write, t._rid limit ?`,
    )
    .all(
      storedInstant(span.startMs),
      storedInstant(span.endMs),
      ...(hidden?.values ?? []),
      limit + 1,
    ) as string[];
  if (ids.length > limit) throw tooMany(limit);
  return { ids, latestDateCovered: latestDateCovered(state, span) };
}

export function getDeleted(
  state: OrgState,
  actor: Actor,
  objectName: string,
  start: string,
  end: string,
): DeletedAnswer {
  const span = spanOf(state, objectName, start, end);
  const { object } = span;
  const purgedMs = purgedUntilMs(state);
  if (span.startMs < purgedMs) {
    throw invalidDate('startDate before org replication enabled date');
  }
  const earliestMs = Math.max(purgedMs, span.nowMs - DELETED_REACH_MS);
  const hidden = state.visibility.condition(object, 'd', actor.userId);
  const limit = state.settings.replicationIdLimit;
  const rows = state.storage.all<{ rid: number; at: string }>(
    `select rid, max(deleted_at) as at from (select l.rid as _rid, l.rid, l.deleted_at from _delete_log l
       where l.object = ? and l.deleted_at >= ? and l.deleted_at <= ?) d
     ${hidden ? `where ${hidden.text}` : ''} group by rid order by at, rid limit ?`,
    [
      object.name,
      storedInstant(Math.max(span.startMs, earliestMs)),
      storedInstant(span.endMs),
      ...(hidden?.values ?? []),
      limit + 1,
    ],
  );
  if (rows.length > limit) throw tooMany(limit);
  return {
    deletedRecords: rows.map(({ rid, at }) => ({
      id: state.ids.make(object.keyPrefix, rid),
      deletedDate: restInstant(instantMs(at)),
    })),
    earliestDateAvailable: restInstant(Math.floor(earliestMs / MINUTE_MS) * MINUTE_MS),
    latestDateCovered: latestDateCovered(state, span),
  };
}

function tooMany(limit: number): OrgFault {
  return new OrgFault(
    'EXCEEDED_ID_LIMIT',
    `More than ${limit} IDs found. Choose start and end dates that are closer together.`,
  );
}

function purgedUntilMs(state: OrgState): number {
  return Number(state.storage.meta(PURGED_KEY) ?? 0);
}

/**
 * What the background process does when the log grows large: older entries are gone for good, so a further purge of
 * less does not make the log reach back again.
 */
export function purgeDeleteLog(state: OrgState, beforeMs: number): void {
  const untilMs = Math.max(purgedUntilMs(state), Math.ceil(beforeMs / MINUTE_MS) * MINUTE_MS);
  state.storage.run('delete from _delete_log where deleted_at < ?', [storedInstant(beforeMs)]);
  state.storage.setMeta(PURGED_KEY, String(untilMs));
}
