import { join } from 'node:path';
import Database from 'better-sqlite3';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import type { SyncContext } from '../../src/sync/context.ts';
import type { Effect } from '../../src/sync/ports/effect.ts';
import { type ReconcileOptions, reconcile } from '../../src/sync/reconcile/reconcile.ts';
import { contactsOf, control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { connectParts, openRig, type Rig } from './rig.ts';

export const dayMs = 86_400_000;

export const asked = (rig: Rig, more: Partial<ReconcileOptions> = {}): ReconcileOptions => ({
  cause: 'asked',
  why: 'Asked for.',
  dryRun: false,
  force: false,
  signal: rig.signal,
  ...more,
});

/** An org with its complete first copy, made so many days ago; the org's clock is then brought to today. */
export async function copiedRig(contacts: number, daysAgo = 0): Promise<Rig> {
  const rig = await openRig({
    contacts,
    customFields: 8,
    ...(daysAgo > 0 ? { wallClock: () => Date.now() - daysAgo * dayMs } : {}),
  });
  const { error } = await backfill(rig.context, { signal: rig.signal });
  if (error !== null) throw new Error(error.message);
  return rig;
}

/** A later process, which knows the org's clock from no earlier day. */
export async function later<T>(
  rig: Rig,
  days: number,
  work: (context: Rig['context']) => Promise<T>,
): Promise<T> {
  if (days > 0) await control(rig.emulator.url, 'clock', { advanceMs: days * dayMs });
  const { context, close } = await connectParts(rig.emulator.url, rig.emulator.accessToken, rig.folder, {
    onEvent: (event) => rig.events.push(event),
  });
  try {
    return await work(context);
  } finally {
    await close();
  }
}

export const reconciled = (rig: Rig, days = 0, more: Partial<ReconcileOptions> = {}) =>
  later(rig, days, (context) => reconcile(context, asked(rig, more)));

/** A mirror behind whose commits with such an effect `then` is called. */
export function heard(
  mirror: SyncContext['mirror'],
  kind: Effect['kind'],
  then: () => Promise<void>,
): SyncContext['mirror'] {
  const commit: typeof mirror.commit = async (batch, options) => {
    const outcome = await mirror.commit(batch, options);
    if (batch.effects?.some((effect) => effect.kind === kind)) await then();
    return outcome;
  };
  const interposed = Object.create(mirror, { commit: { value: commit } });
  for (const part of ['schema', 'contacts', 'journal', 'sweep', 'outbox'] as const)
    Object.defineProperty(interposed, part, { value: mirror[part] });
  return interposed;
}

export const fileOf = (rig: Rig) => mirrorPath(join(rig.folder, 'orgs'), rig.emulator.url);
export const equal = (rig: Rig) => expectMirrorEqualsOrg(fileOf(rig), rig.emulator.url);

export function sql<T = unknown>(rig: Rig, text: string, ...parameters: unknown[]): T[] {
  const db = new Database(fileOf(rig));
  try {
    const statement = db.prepare(text).bind(...parameters);
    if (statement.reader) return statement.raw().all() as T[];
    statement.run();
    return [];
  } finally {
    db.close();
  }
}

export const goneOf = (rig: Rig): Record<string, string> =>
  Object.fromEntries(sql<[string, string]>(rig, 'select Id, _gone from contact where _gone is not null'));

export const cursorsOf = (context: SyncContext) => context.mirror.journal.cursors();

/** All that a dry run must leave as it is. */
export const rowsOf = (rig: Rig) => ({
  contact: sql(rig, 'select * from contact order by Id'),
  seen: sql(rig, 'select * from contact_seen order by id'),
  cursor: sql(rig, 'select * from cursor order by name'),
  outbox: sql(rig, 'select * from outbox'),
  meta: sql(
    rig,
    "select * from meta where key not like 'describe%' and key not like 'fence%' and key <> 'latest_read_at' order by key",
  ),
});

export async function idsOf(rig: Rig, count: number, from = 0): Promise<string[]> {
  return (await contactsOf(rig.emulator.url)).slice(from, from + count).map(({ Id }) => Id as string);
}
