import { AppError, isAppError } from '../base/errors.ts';
import type { SyncedObject } from '../org/synced-object.ts';
import type { SyncContext } from './context.ts';
import type { ObjectDescribe } from './ports/field.ts';
import type { SchemaChange } from './ports/schema-store.ts';

const hourMs = 3_600_000;
const unchanged: SchemaChange = { added: [], vanished: [], returned: [] };

export interface RefreshOptions {
  /** Asks in full, whatever is known. */
  force?: boolean;
  /** Asks unless the answer is younger than this (ms since 1970); an hour ago where it is left out. */
  knownSince?: number;
  only?: readonly string[];
  signal?: AbortSignal | undefined;
}

/**
 * Brings the mirror's columns in line with describe: always where `force`, else where what is known is too old, and
 * conditionally (If-Modified-Since).
 */
export async function refreshSchema(
  { object, records, mirror, clock, log, remote }: SyncContext,
  { force = false, knownSince = clock.now() - hourMs, only, signal }: RefreshOptions = {},
): Promise<SchemaChange> {
  const last = await mirror.schema.describedAt();
  // A time to come is one of a clock that was ahead and is set right.
  if (!force && last !== null && last.at > knownSince && last.at <= clock.now()) return unchanged;
  const describe = await records.describe({
    ifModifiedSince: force ? null : (last?.lastModified ?? null),
    signal,
  });
  if (describe === 'not-modified') {
    await mirror.schema.confirmDescribe(clock.now());
    return unchanged;
  }
  assertKeyFields(object, describe);
  if (only !== undefined) assertKnown(object, only, describe);
  const change = await mirror.schema.applyDescribe(describe, clock.now(), only);
  if (last !== null) {
    for (const name of change.added)
      log.info(`${remote.instanceUrl}: field ${name} is new and becomes a column`, { field: name });
    const leftOut = only === undefined ? [] : change.vanished.filter((name) => isNamed(describe, name));
    for (const name of change.vanished) {
      if (leftOut.includes(name)) continue;
      log.warn(
        `${remote.instanceUrl}: field ${name} can no longer be read; its column keeps the last values`,
        { field: name },
      );
    }
    if (leftOut.length > 0) {
      const fields = leftOut.length === 1 ? 'field is' : 'fields are';
      log.warn(
        `${remote.instanceUrl}: ${leftOut.length} ${fields} left out by --fields from now on and no longer in the view contacts; the table contact keeps the last values. \`parahack-sync backfill --fresh\` without --fields takes all again.`,
      );
    }
  }
  return change;
}

function isNamed({ fields }: ObjectDescribe, name: string): boolean {
  return fields.some((field) => field.name === name);
}

/** Without these, of these types, no row can be kept, ordered or merged. */
const keyFields: Readonly<Record<string, string>> = {
  Id: 'id',
  CreatedDate: 'datetime',
  SystemModstamp: 'datetime',
};

function assertKeyFields({ name: object }: SyncedObject, { fields }: ObjectDescribe): void {
  for (const [name, type] of Object.entries(keyFields)) {
    if (fields.some((field) => field.name === name && field.type === type)) continue;
    throw new AppError(
      'SALESFORCE_ERROR',
      `The org describes no field ${name} of type ${type} of ${object}.`,
      {
        hint: 'Every org has one. Check that nothing between this machine and Salesforce changes answers.',
      },
    );
  }
}

function assertKnown(
  { name: object }: SyncedObject,
  names: readonly string[],
  { fields }: ObjectDescribe,
): void {
  const known = new Set(fields.map(({ name }) => name.toLowerCase()));
  const unknown = names.filter((name) => !known.has(name.toLowerCase()));
  if (unknown.length === 0) return;
  throw new AppError(
    'INVALID_INPUT',
    `${object} has no field ${unknown.join(', ')} that this user may read.`,
    {
      hint: 'Names are those of the API, as `parahack-sync contacts show ID` lists them.',
      details: { unknown },
    },
  );
}

/**
 * Does `work` that asks for the readable fields, and does it once more after a new describe where the fields may be others
 * by now: the next describe of its own accord may be an hour away. `isDescribed`: describe was asked since the work was
 * begun, so that it is right and whatever does not fit it is older.
 */
export async function withCurrentFields<T>(
  context: SyncContext,
  { signal }: { signal?: AbortSignal },
  work: (isDescribed: boolean) => Promise<T>,
): Promise<T> {
  try {
    return await work(false);
  } catch (error) {
    if (!isAppError(error, 'INVALID_FIELD') && !isOfAnotherType(error)) throw error;
    await refreshSchema(context, { force: true, signal });
    return work(true);
  }
}

/** Whether rows hold a value that a field's type, as it is known, has none of. */
export function isOfAnotherType(error: unknown): boolean {
  return isAppError(error, 'SALESFORCE_ERROR') && error.details?.column !== undefined;
}

/**
 * The fields to ask for where rows are known to have changed: one of them may have a value in a field that is new.
 * It costs a call, unless describe was asked since `knownSince`.
 */
export async function currentFields(
  context: SyncContext,
  options: { knownSince: number; signal: AbortSignal },
): Promise<string[]> {
  await refreshSchema(context, options);
  return readableFields(context);
}

/** Names of the fields to ask for, in column order. */
export async function readableFields({ mirror }: Pick<SyncContext, 'mirror'>): Promise<string[]> {
  return (await mirror.schema.fields()).filter((field) => !field.vanished).map((field) => field.name);
}
