import { isOpen } from './entries.ts';
import { externalId, usersValueFields } from './fields.ts';
import { runEdits } from './run-edits.ts';
import type { Act } from './steps.ts';
import type { World } from './world.ts';

const customNames = ['One__c', 'Two__c', 'Three__c', 'Four__c'];
const validationRules = [
  [],
  [],
  [{ name: 'Odd', condition: "Title LIKE '%1' OR Title LIKE '%5'", message: 'No such title.' }],
  [{ name: 'Pushed', condition: "Title LIKE 'p%'", message: 'Programs write no titles.' }],
  [{ name: 'Users', condition: "Title LIKE 'p%' OR Title LIKE 'c%'", message: 'Users alone write titles.' }],
];
/** The place of the rule that refuses what programs write to `Title`, and takes what is pushed. */
export const titleRule = 3;
export const usersTitleRule = 4;
const triggers = [
  [],
  [],
  [{ field: 'Department', upper: true }],
  [{ field: 'Phone', prefix: '+' }],
  [{ field: 'Title', upper: true }],
];
export const titleTrigger = 4;

/** Does it; null where there was nothing to do it with, or the org refused; else what there is to tell. */
export async function performAct(world: World, act: Act): Promise<string | null> {
  const { org, rows, facts } = world;
  const live = rows.filter(({ IsDeleted }) => !IsDeleted).map(({ Id }) => Id);
  const bin = rows
    .filter(({ IsDeleted, MasterRecordId }) => IsDeleted && MasterRecordId === null)
    .map(({ Id }) => Id);
  const does = async (name: string, body: object, told = '') =>
    (await org.control(name, body)) === null ? null : told;
  switch (act.act) {
    case 'program':
      return runEdits(world, act);
    case 'reader':
      world.toggleReader();
      return '';
    case 'users create':
      return does('contacts', { count: 1, seed: act.seed });
    case 'users update': {
      const [id] = chosen(preferEdited(world, live, act.pick), [act.pick]);
      const fields = usersValueFields(facts.custom);
      const field = fields[act.field % fields.length] as string;
      const value = world.nextValue('u');
      if (id === undefined || (await org.control('touch', { ids: [id], set: { [field]: value } })) === null)
        return null;
      world.oracle.usersUpdate(id, field, value, world.isAtWork || isPushWaiting(world, id, field));
      return `${field} of ${id} to ${value}`;
    }
    case 'users delete': {
      const [id] = chosen(preferEdited(world, live, act.pick), [act.pick]);
      return id === undefined ? null : does('delete', { ids: [id] }, id);
    }
    case 'users undelete': {
      const [id] = chosen(bin, [act.pick]);
      return id === undefined ? null : does('undelete', { ids: [id] }, id);
    }
    case 'users purge': {
      const edited = editedIds(world);
      const both = live.filter((one) => edited.has(one));
      const [id] = chosen(both.length > 0 ? both : bin, [act.pick]);
      if (id === undefined) return null;
      if (!bin.includes(id)) await org.control('delete', { ids: [id] });
      const told = await does('purge', { ids: [id] }, id);
      if (told !== null && edited.has(id)) world.count('purge of an edited contact');
      if (told !== null) withdrawFromDoubt(world, id);
      return told;
    }
    case 'users merge': {
      const [master, ...losers] = chosen(live, act.picks);
      if (master === undefined || losers.length === 0) return null;
      const told = await does('merge', { master, losers }, `${losers.join(', ')} into ${master}`);
      if (told !== null) world.oracle.usersSave(master);
      return told;
    }
    case 'hide':
    case 'show':
      return share(world, act, live);
    case 'add-field':
    case 'remove-field':
    case 'rename-field':
      return changeFields(world, act);
    case 'validation-rule':
      return does('settings', { validationRules: validationRules[act.which % validationRules.length] });
    case 'trigger':
      return does('settings', { saveTriggers: triggers[act.which % triggers.length] });
    case 'pass':
      world.pass(act.ms);
      return does('clock', { advanceMs: 0 });
  }
}

/** Whether a push of the field waits that no request has carried: it says what the field is to be, whatever is there by then. */
function isPushWaiting(world: World, id: string, field: string): boolean {
  const own = world.rows.find(({ Id }) => Id === id)?.[externalId];
  return world.entries().some((entry) => {
    if (!isOpen(entry) || entry.local === 1 || entry.sentAt !== null) return false;
    const changes = JSON.parse(entry.changes) as Record<string, unknown>;
    return field in changes && (entry.contactId === id || changes[externalId] === own);
  });
}

/** A change of sharing touches no stamp. */
async function share(
  world: World,
  act: Extract<Act, { act: 'hide' | 'show' }>,
  live: readonly string[],
): Promise<string | null> {
  const { org, facts, userId, hidden } = world;
  const isHiding = act.act === 'hide';
  const visible = live.filter((one) => !hidden.has(one));
  const [id] = chosen(isHiding ? preferEdited(world, visible, act.pick) : [...hidden], [act.pick]);
  if (id === undefined || (await org.control('visibility', { ids: [id], hidden: isHiding, userId })) === null)
    return null;
  const ofUser = new Set(hidden);
  if (isHiding) ofUser.add(id);
  else ofUser.delete(id);
  facts.hidden.set(userId, ofUser);
  facts.isSharingChanged = true;
  if (isHiding && editedIds(world).has(id)) world.count('hiding of an edited contact');
  if (isHiding) withdrawFromDoubt(world, id);
  return id;
}

/** Whoever looks for what came of a lost creation sees neither what is purged nor what is hidden (docs/outbox.md). */
function withdrawFromDoubt(world: World, id: string): void {
  const key = world.rows.find(({ Id }) => Id === id)?.Description;
  if (typeof key !== 'string' || !world.oracle.isMade(key)) return;
  const isUnsettled = world
    .entries()
    .some((entry) => entry.op === 'create' && entry.contactKey === key && isOpen(entry));
  if (isUnsettled) world.oracle.remake(key);
}

async function changeFields(
  world: World,
  act: Extract<Act, { act: 'add-field' | 'remove-field' | 'rename-field' }>,
): Promise<string | null> {
  const { org, facts } = world;
  const [gone] = act.act === 'add-field' ? [] : chosen(preferWaitedFor(world, facts.custom), [act.pick]);
  const [made] = act.act === 'remove-field' ? [] : customNames.filter((name) => !facts.everCustom.has(name));
  if (act.act !== 'add-field' && gone === undefined) return null;
  if (act.act !== 'remove-field' && made === undefined) return null;
  if (gone !== undefined) {
    if ((await org.control('settings', { removeFields: [gone] })) === null) return null;
    facts.custom.splice(facts.custom.indexOf(gone), 1);
    const isWaitedFor = world.entries().some((entry) => isOpen(entry) && entry.changes.includes(`"${gone}"`));
    if (isWaitedFor) world.count('field gone under an edit');
  }
  if (made === undefined) return gone ?? '';
  const values = new Map(world.rows.map((row) => [row.Id, gone === undefined ? null : row[gone]]));
  if ((await org.control('settings', { addFields: [{ name: made, type: 'string' }] })) === null) return null;
  facts.custom.push(made);
  facts.everCustom.add(made);
  // A field that gets another API name keeps what it holds.
  for (const [id, value] of values) {
    if (typeof value === 'string') await org.control('touch', { ids: [id], set: { [made]: value } });
  }
  return `${gone ?? ''} ${made}`;
}

/** Fields that edits set which Salesforce has not taken so far, where there are any. */
function preferWaitedFor(world: World, fields: readonly string[]): readonly string[] {
  const open = world.entries().filter(isOpen);
  const waited = fields.filter((name) => open.some(({ changes }) => changes.includes(`"${name}"`)));
  return waited.length > 0 ? waited : fields;
}

/** Contacts with an edit that Salesforce has not taken so far. */
export function editedIds(world: World): Set<string> {
  return new Set(
    world
      .entries()
      .flatMap((entry) =>
        isOpen(entry) && entry.local === 1 && entry.contactId !== null ? [entry.contactId] : [],
      ),
  );
}

/** Every other time one of those that programs have edited, which is where others count. */
function preferEdited(world: World, ids: readonly string[], pick: number): readonly string[] {
  if (pick % 2 === 0) return ids;
  const edited = editedIds(world);
  const both = ids.filter((id) => edited.has(id));
  return both.length > 0 ? both : ids;
}

/** The ids at these places, each once. */
export function chosen<T>(list: readonly T[], picks: readonly number[]): T[] {
  if (list.length === 0) return [];
  return [...new Set(picks.map((pick) => list[pick % list.length] as T))];
}
