import type { Act, Pick } from './acts.ts';
import { dailyLimit } from './org.ts';
import type { Facts, Stage } from './world.ts';

const editable = ['Title', 'Department', 'Phone', 'Description', 'Birthdate', 'DoNotCall'];
const types = ['string', 'double', 'boolean', 'date', 'datetime', 'picklist'];
const names = ['One__c', 'Two__c', 'Three__c', 'Four__c'];
const limits = [
  { replicationIdLimit: 2 },
  { replicationIdLimit: 7 },
  { replicationIdLimit: 600_000 },
  { maxPageRows: 5 },
  { maxPageRows: 2_000 },
  { bulkPageRows: 4 },
  { bulkPageRows: 50_000 },
  { concurrentLimit: 2 },
  { concurrentLimit: 25 },
  { bulkJobFailures: 1 },
  { futureEndCovered: true },
  { futureEndCovered: true, replicationIdLimit: 600_000 },
  { futureEndCovered: false },
  { dailyLimit: 0 },
  { dailyLimit },
];
/**
 * What commits late with the stamp of what was seen already can be told from it by nobody who compares stamps alone.
 */
const ownSecondMs = 1_100;
const longestTransactionMs = 86_400_000;
/** Of a million: what others have left of the org's day. */
const usedByOthers = [0, 940_000, 999_990, 1_000_000];

/** Whether the org answers to nothing from here on; a program believes so for minutes of its own clock. */
export const endsDay = (act: Act): boolean =>
  act.act === 'limit' && (limits[act.limit % limits.length] as { dailyLimit?: number }).dailyLimit === 0;

/** Does it; false where there was nothing to do it with, or the org refused. */
export async function perform(world: Stage, act: Act): Promise<boolean> {
  const { org, facts } = world;
  switch (act.act) {
    case 'create': {
      const made = await org.control('contacts', { count: act.count, seed: act.seed });
      facts.live.push(...(made?.ids ?? []));
      return made !== null;
    }
    case 'edit':
      return edit(world, act);
    case 'delete': {
      const ids = chosen(facts.live, act.picks);
      if (ids.length === 0 || (await org.control('delete', { ids })) === null) return false;
      for (const id of ids) move(id, facts.live, facts.bin);
      noteGone(facts, ids);
      return true;
    }
    case 'undelete': {
      const [id] = chosen(facts.bin, [act.pick]);
      if (id === undefined || (await org.control('undelete', { ids: [id] })) === null) return false;
      noteRestored(facts, [id]);
      return true;
    }
    case 'merge': {
      const [master, ...losers] = chosen(facts.live, act.picks);
      if (losers.length === 0 || (await org.control('merge', { master, losers })) === null) return false;
      for (const id of losers) facts.live.splice(facts.live.indexOf(id), 1);
      noteGone(facts, losers);
      return true;
    }
    case 'purge': {
      const [id] = chosen(facts.bin, [act.pick]);
      if (id === undefined || (await org.control('purge', { ids: [id] })) === null) return false;
      facts.bin.splice(facts.bin.indexOf(id), 1);
      return true;
    }
    case 'delete-and-purge': {
      const [id] = chosen(facts.live, [act.pick]);
      if (id === undefined || (await org.control('delete', { ids: [id] })) === null) return false;
      const purged = await org.control('purge', { ids: [id] });
      facts.live.splice(facts.live.indexOf(id), 1);
      noteGone(facts, [id]);
      if (purged === null) facts.bin.push(id);
      // Whoever deletes it for good ends its sharing too, and the list names it.
      else facts.goneUnseen.delete(id);
      return purged !== null;
    }
    case 'rename-account': {
      const [id] = chosen(facts.accounts, [act.pick]);
      if (id === undefined) return false;
      // This one comes by the line that the faults are on, so it may have been done whatever is answered.
      const isTold = await org.edit('Account', id, { Name: `Account ${act.value}` });
      facts.unstampedChanges++;
      facts.renamedAtMs = Math.max(facts.renamedAtMs, (await org.now()) + facts.lagMs);
      facts.areCallsUnsure = true;
      return isTold;
    }
    case 'slow-jobs':
      return (await org.control('settings', { bulkJobMs: act.ms })) !== null;
    case 'hide':
    case 'hide-all':
    case 'show':
      return share(world, act);
    case 'open-transaction':
      await org.control('clock', { advanceMs: ownSecondMs });
      return openTransaction(world, act);
    case 'commit':
      if (!facts.inTransaction) return false;
      facts.inTransaction = false;
      return (await org.control('commit')) !== null;
    case 'lag':
      await org.control('clock', { advanceMs: ownSecondMs });
      facts.lagMs = act.ms;
      return (await org.control('settings', { commitLagMs: act.ms })) !== null;
    case 'limit': {
      const limit = limits[act.limit % limits.length] as object;
      facts.deletesUntold ||= 'replicationIdLimit' in limit;
      return (await org.control('settings', limit)) !== null;
    }
    case 'busy-org':
      facts.isBusy = true;
      facts.areCallsUnsure = true;
      return (await org.control('usage', { used: usedByOthers[act.used % usedByOthers.length] })) !== null;
    case 'forget-deletes': {
      const now = await org.now();
      facts.deletesUntold = true;
      return (await org.control('delete-log', { before: now - act.hours * 3_600_000 })) !== null;
    }
    case 'pass':
      // No transaction of Salesforce stays open for days.
      if (facts.inTransaction && facts.passedMs + act.ms > facts.transactionSinceMs + longestTransactionMs) {
        await org.control('commit');
        facts.inTransaction = false;
      }
      world.clock.pass(act.ms);
      facts.passedMs += act.ms;
      await org.control('clock', { advanceMs: 0 });
      return true;
    default:
      return changeFields(world, act);
  }
}

async function edit({ org, facts }: Stage, { picks, field, value }: Act & { act: 'edit' }): Promise<boolean> {
  const ids = chosen(facts.live, picks);
  if (ids.length === 0) return false;
  const custom = [...facts.custom.keys()];
  const all = [...editable, ...custom, ...custom];
  const name = all[field % all.length] as string;
  const type = facts.custom.get(name) ?? { Birthdate: 'date', DoNotCall: 'boolean' }[name] ?? 'string';
  return (await org.control('touch', { ids, set: { [name]: cellOf(type, value) } })) !== null;
}

function cellOf(type: string, value: number): unknown {
  if (type === 'boolean') return value % 2 === 0;
  if (value % 10 === 9) return null;
  if (type === 'double') return value / 4;
  if (type === 'date') return `19${String(value).padStart(2, '0')}-02-03`;
  if (type === 'datetime') return `20${String(value).padStart(2, '0')}-02-03T04:05:06.000+0000`;
  return `Text ${value}`;
}

/** A change of sharing touches no stamp. */
async function share(
  { org, facts }: Stage,
  act: Extract<Act, { act: 'hide' | 'hide-all' | 'show' }>,
): Promise<boolean> {
  const hidden = act.act !== 'show';
  const ids = hidden
    ? chosen(facts.live, act.act === 'hide' ? act.picks : [...facts.live.keys()])
    : chosen([...facts.hidden], [act.pick]);
  if (ids.length === 0 || (await org.control('visibility', { ids, hidden })) === null) return false;
  for (const id of ids) if (hidden) facts.hidden.add(id);
  for (const id of ids) facts.everHidden.add(id);
  for (const id of ids) if (!hidden) facts.hidden.delete(id);
  facts.unstampedChanges++;
  return true;
}

async function openTransaction(world: Stage, act: Act & { act: 'open-transaction' }): Promise<boolean> {
  const { org, facts } = world;
  const edited = chosen(facts.live, act.edit);
  const deleted = chosen(
    facts.live.filter((id) => !edited.includes(id)),
    act.delete,
  );
  const undeleted = act.undelete === null ? [] : chosen(facts.bin, [act.undelete]);
  const done = await org.control('open-transaction', {
    ...(act.create > 0 ? { create: { count: act.create, seed: act.seed } } : {}),
    ...(edited.length > 0 ? { touch: { ids: edited, set: { Title: `Late ${act.seed}` } } } : {}),
    ...(deleted.length > 0 ? { delete: { ids: deleted } } : {}),
    ...(undeleted.length > 0 ? { undelete: { ids: undeleted } } : {}),
  });
  if (done === null) return false;
  facts.inTransaction = true;
  facts.transactionSinceMs = facts.passedMs;
  for (const id of deleted) move(id, facts.live, facts.bin);
  noteGone(facts, deleted);
  noteRestored(facts, undeleted);
  const known = new Set([...edited, ...deleted, ...undeleted]);
  facts.live.push(...done.ids.filter((id) => !known.has(id)));
  return true;
}

type FieldAct = Extract<
  Act,
  { act: 'add-field' | 'remove-field' | 'change-type' | 'hide-field' | 'show-field' }
>;

async function changeFields({ org, facts }: Stage, act: FieldAct): Promise<boolean> {
  const type = 'type' in act ? (types[act.type % types.length] as string) : '';
  const added = (name: string) => ({ addFields: [{ name, type }] });
  switch (act.act) {
    case 'add-field': {
      const [name] = chosen(
        names.filter((one) => !facts.custom.has(one)),
        [act.field],
      );
      if (name === undefined || isKnownAs(facts, name, type)) return false;
      if ((await org.control('settings', added(name))) === null) return false;
      noteField(facts, name, type);
      return true;
    }
    case 'remove-field':
    case 'change-type': {
      const [name] = chosen([...facts.custom.keys()], [act.field]);
      if (name === undefined || (act.act === 'change-type' && isKnownAs(facts, name, type))) return false;
      if ((await org.control('settings', { removeFields: [name] })) === null) return false;
      facts.custom.delete(name);
      facts.hiddenFields.delete(name);
      if (act.act === 'remove-field') return true;
      if ((await org.control('settings', added(name))) === null) return false;
      noteField(facts, name, type);
      return true;
    }
    default: {
      const isHiding = act.act === 'hide-field';
      const hideable = [...editable, ...facts.custom.keys(), 'MasterRecordId'];
      const [name] = chosen(isHiding ? hideable : [...facts.hiddenFields], [act.field]);
      if (name === undefined) return false;
      const hiddenFields = new Set(facts.hiddenFields);
      if (isHiding) hiddenFields.add(name);
      else hiddenFields.delete(name);
      if ((await org.control('settings', { hiddenFields: [...hiddenFields] })) === null) return false;
      facts.hiddenFields = hiddenFields;
      facts.mergesWithheld ||= name === 'MasterRecordId' && isHiding;
      return true;
    }
  }
}

/** A field that is removed and made anew of the same type looks as if it had never gone, with the old values. */
function isKnownAs({ everOfType }: Facts, name: string, type: string): boolean {
  return everOfType.has(`${name} ${type}`);
}

function noteField(facts: Facts, name: string, type: string): void {
  facts.custom.set(name, type);
  facts.everOfType.add(`${name} ${type}`);
}

function noteGone(facts: Facts, ids: readonly string[]): void {
  for (const id of ids) {
    facts.everGone.add(id);
    if (facts.hidden.has(id)) facts.goneUnseen.add(id);
    else facts.goneUnseen.delete(id);
  }
}

function noteRestored(facts: Facts, ids: readonly string[]): void {
  for (const id of ids) {
    move(id, facts.bin, facts.live);
    facts.everRestored.add(id);
  }
}

function chosen(list: readonly string[], places: readonly Pick[]): string[] {
  if (list.length === 0) return [];
  return [...new Set(places.map((place) => list[place % list.length] as string))];
}

function move(id: string, from: string[], to: string[]): void {
  from.splice(from.indexOf(id), 1);
  to.push(id);
}
