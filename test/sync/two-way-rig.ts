import Database from 'better-sqlite3';
import { expect } from 'vitest';
import type { ConflictPolicy } from '../../src/org/conflict-policy.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { contactsOf, control } from '../e2e/org.ts';
import { openRig, type Rig } from './rig.ts';

type Row = Record<string, unknown>;

/** Requests that read contacts by their Ids, as a fault matches them. */
export const readings = 'POST .*/composite/sobjects/Contact(\\?|$)';

export interface TwoWayRig extends AsyncDisposable {
  rig: Rig;
  /** As another program writes. */
  sql(statement: string, ...values: unknown[]): void;
  /** The rows of the view. */
  rows(where: string, ...values: unknown[]): Row[];
  /** Contacts of the org, by Id. */
  org(): Promise<Map<string, Row>>;
  ids: string[];
  /** A cycle that pulls nothing but what the last minute has brought, and pushes. */
  cycle(): ReturnType<typeof runCycle>;
  /** What users do in Salesforce. */
  theirs(what: 'touch' | 'delete' | 'merge' | 'undelete', order: object): Promise<unknown>;
  notes(): Promise<string[]>;
  /** Of all entries of the outbox, in their order. */
  states(): Promise<string[]>;
}

export async function twoWay(
  conflicts: ConflictPolicy = 'salesforce-wins',
  contacts = 4,
): Promise<TwoWayRig> {
  const rig = await openRig({ contacts });
  const { context, signal } = rig;
  expect((await backfill(context, { api: 'rest', signal })).error).toBeNull();
  await context.mirror.setTwoWay({ on: true, conflicts });
  const program = new Database(context.mirror.location);
  program.pragma('busy_timeout = 5000');
  const org = async () =>
    new Map((await contactsOf(rig.emulator.url)).map((row) => [String(row.Id), row as Row]));
  return {
    rig,
    sql: (statement, ...values) => void program.prepare(statement).run(...values),
    rows: (where, ...values) =>
      program.prepare(`SELECT * FROM contacts WHERE ${where}`).all(...values) as Row[],
    org,
    ids: [...(await org()).keys()],
    cycle: () => runCycle(context, { push: true, signal }),
    theirs: (what, order) => control(rig.emulator.url, what, order),
    async notes() {
      const runs = await context.mirror.journal.runs({ limit: 20 });
      const steps = await Promise.all(runs.map(({ id }) => context.mirror.journal.steps(id)));
      return steps.flat().flatMap(({ name, note }) => (name === 'conflicts' && note !== null ? [note] : []));
    },
    states: async () => (await context.mirror.outbox.list()).map(({ state }) => state),
    async [Symbol.asyncDispose]() {
      program.close();
      await rig[Symbol.asyncDispose]();
    },
  };
}
