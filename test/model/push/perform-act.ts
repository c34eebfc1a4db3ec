import { dailyLimit, type Row } from '../watch/org.ts';
import { type Rule, tokenOf } from './oracle.ts';
import type { Act } from './steps.ts';
import type { World } from './world.ts';

const triggers = [
  [],
  [{ field: 'Title', upper: true }],
  [{ field: 'Title', prefix: 'Dr. ' }],
  [{ field: 'LastName', upper: true }],
  [
    { field: 'Description', set: 'Made by a flow' },
    { field: 'LastName', prefix: 'x ' },
  ],
];
const duplicateRules = [
  [],
  [{ name: 'Equal', matchFields: ['Department', 'LastName'] }],
  [{ name: 'Equal, for good', matchFields: ['Department', 'LastName'], allowSave: false }],
];
const validationRules = [
  [],
  [{ name: 'Odd', condition: "LastName LIKE '%1' OR LastName LIKE '%5'", message: 'No such number.' }],
];
const limits = [
  { dailyLimit: 0 },
  { dailyLimit },
  { concurrentLimit: 1 },
  { concurrentLimit: 25 },
  { maxPageRows: 5 },
  { maxPageRows: 2_000 },
  { replicationIdLimit: 3 },
  { replicationIdLimit: 600_000 },
];

export const usualBulkLimits = { bulkJobMs: 1_000, bulkDailyRows: 150_000_000, bulkDailyBatches: 15_000 };
const bulkLimits = [
  { bulkJobMs: usualBulkLimits.bulkJobMs },
  { bulkJobMs: 20_000 },
  { bulkJobMs: 180_000 },
  { bulkJobMs: 3_600_000 },
  { bulkDailyRows: 0 },
  { bulkDailyRows: 5 },
  { bulkDailyRows: usualBulkLimits.bulkDailyRows },
  { bulkDailyBatches: 2 },
  { bulkDailyBatches: usualBulkLimits.bulkDailyBatches },
];

/** Does it; false where there was nothing to do it with, or the org refused. */
export async function performAct(world: World, act: Act): Promise<boolean> {
  const { org, rows } = world;
  const live = rows.filter(({ IsDeleted }) => !IsDeleted);
  const bin = rows.filter(({ IsDeleted, MasterRecordId }) => IsDeleted && !MasterRecordId);
  const does = async (name: string, body: object) => (await org.control(name, body)) !== null;
  switch (act.act) {
    case 'edit': {
      const ids = [...new Set([...chosen(live, act.picks), ...doubtful(world, act.picks)])];
      return ids.length > 0 && does('touch', { ids, set: { Title: `Colleague ${world.nextName()}` } });
    }
    case 'delete': {
      const ids = chosen(live, act.picks);
      return ids.length > 0 && does('delete', { ids });
    }
    case 'merge': {
      const [master, ...losers] = chosen(live, act.picks);
      return losers.length > 0 && does('merge', { master, losers });
    }
    case 'undelete':
    case 'purge': {
      const [id] = chosen(bin, [act.pick]);
      if (id === undefined || !(await does(act.act, { ids: [id] }))) return false;
      if (act.act === 'purge') world.oracle.purge(id);
      return true;
    }
    case 'look-alike':
      return lookAlike(world, act);
    case 'stranger':
    case 'own stranger': {
      const records = Array.from({ length: act.count }, () => ({ LastName: `Stranger ${world.nextName()}` }));
      const userId = act.act === 'stranger' ? {} : { userId: org.emulator.userId };
      return does('contacts', { records, ...userId });
    }
    case 'trigger':
      return does('settings', { saveTriggers: triggers[act.which % triggers.length] });
    case 'duplicate-rule': {
      const which = act.which % duplicateRules.length;
      world.oracle.setRule((['none', 'warns', 'refuses'] as const)[which] as Rule);
      return does('settings', { duplicateRules: duplicateRules[which] });
    }
    case 'validation-rule':
      return does('settings', { validationRules: validationRules[act.which % validationRules.length] });
    case 'lock':
      return does('settings', { lockedIds: act.picks.length === 1 ? [] : chosen(live, act.picks) });
    case 'limit':
      return does('settings', limits[act.which % limits.length] as object);
    case 'keys':
      return does('settings', { idempotency: act.taken });
    case 'job': {
      const { as, afterRows } = act;
      const ended = await org.control('ingest-jobs', { as, ...(afterRows === null ? {} : { afterRows }) });
      return ended !== null && (afterRows !== null || ended.ids.length > 0);
    }
    case 'logout':
      world.isLoggedIn = false;
      return does('sessions', { expire: true });
    case 'bulk-limit':
      return does('settings', bulkLimits[act.which % bulkLimits.length] as object);
    case 'pass':
      await world.letPass(act.ms);
      return true;
  }
}

/** Of every other edit: a contact of which the program does not know what became of it, which is where an edit counts. */
function doubtful(world: World, [pick = 0]: readonly number[]): string[] {
  if (pick % 2 === 0) return [];
  const open = world.entries().filter(({ state }) => state === 'sent' || state === 'in-doubt');
  const ids = new Set(open.map(({ contactId }) => contactId));
  return world.rows.filter(({ Id, IsDeleted }) => !IsDeleted && ids.has(Id)).map(({ Id }) => Id);
}

/** Equal to one that was pushed, its token included, so that nobody but whoever made it can tell them apart. */
async function lookAlike(world: World, { pick, own }: Act & { act: 'look-alike' }): Promise<boolean> {
  const pushed = world.inputs
    .flatMap(({ records }) => records)
    .filter((record) => record.Id === undefined && record.ParaHack_Id__c === undefined);
  const record = pushed.length === 0 ? undefined : pushed[pick % pushed.length];
  const token = record === undefined ? null : tokenOf(record);
  if (record === undefined || token === null) return false;
  const { userId } = world.org.emulator;
  const made = await world.org.control('contacts', { records: [record], ...(own ? { userId } : {}) });
  world.oracle.noteForeign(made?.ids ?? [], token, own);
  return made !== null;
}

/** The ids at these places, each once. */
export function chosen(rows: readonly Row[], picks: readonly number[]): string[] {
  if (rows.length === 0) return [];
  return [...new Set(picks.map((pick) => (rows[pick % rows.length] as Row).Id))];
}
