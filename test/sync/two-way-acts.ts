import { refreshSchema } from '../../src/sync/schema.ts';
import { control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { readings, type TwoWayRig } from './two-way-rig.ts';

export const minute = 60_000;

/** Upserts too. */
const updates = 'PATCH .*/composite/sobjects';

/** What goes out meanwhile cannot be read back. */
export async function unread(two: TwoWayRig, goesOut: () => Promise<unknown>): Promise<void> {
  const { url } = two.rig.emulator;
  await control(url, 'faults', [{ match: readings, status: 503, times: 99 }]);
  await goesOut();
  await control(url, 'faults', []);
}

export const push = (
  { rig: { context, signal } }: TwoWayRig,
  record: Record<string, unknown>,
  more: { queue?: boolean; upsertField?: string } = {},
) => pushAll(context, recordsOf([record]), { signal, ...more });

export const rules = (two: TwoWayRig, ...validationRules: object[]) =>
  control(two.rig.emulator.url, 'settings', { validationRules });

export const noBad = { name: 'NoBad', condition: "Department = 'Bad'", message: 'No.' };

/**
 * A request for updates ends with this fault, and its result cannot be read; `skip`: how many such requests go well before it,
 * `looks`: how many readings do.
 */
export async function unanswered(
  two: TwoWayRig,
  fault: ({ status: 503 } | { reset: 'after-commit' }) & { skip?: number },
  goesOut: () => Promise<unknown>,
  looks = 0,
): Promise<void> {
  const { url } = two.rig.emulator;
  const unreadable = { match: readings, skip: looks, status: 503, times: 99 };
  await control(url, 'faults', [{ match: updates, ...fault }, unreadable]);
  await goesOut();
  await control(url, 'faults', []);
}

/** A person drops the entry that is in doubt, without a word about what became of it; gives its key. */
export async function giveUp({ rig: { context } }: TwoWayRig): Promise<string> {
  const [{ key } = { key: '' }] = await context.mirror.outbox.list({ states: ['in-doubt'] });
  await context.mirror.outbox.move([key], ['in-doubt'], 'dropped', context.clock.now());
  return key;
}

/** A person takes all that is in the one state up again. */
export async function takeUp({ rig: { context } }: TwoWayRig, state: 'conflict' | 'rejected'): Promise<void> {
  const { outbox } = context.mirror;
  const keys = (await outbox.list({ states: [state] })).map(({ key }) => key);
  await outbox.move(keys, [state], 'pending', context.clock.now());
}

/** Cycles until all is over that can still come of earlier requests. */
export async function settled(two: TwoWayRig): Promise<void> {
  for (let cycles = 0; cycles < 3; cycles++) {
    two.rig.pass(3 * minute);
    await two.cycle();
  }
}

/** A contact `k` made by SQL, whose creation is carried out and in doubt, while the mirror has it by its Id as well. */
export async function doubtfulCreation(two: TwoWayRig, externalId: string | null = null): Promise<string> {
  const unmade = { match: 'POST .*/ui-api/records$', times: 99, reset: 'after-commit' };
  await control(two.rig.emulator.url, 'faults', [unmade]);
  two.sql(
    "INSERT INTO contacts (_key, LastName, Title, ParaHack_Id__c) VALUES ('k', 'Ng', 'one', ?)",
    externalId,
  );
  await two.cycle();
  two.rig.pass(2 * minute);
  await two.cycle();
  const [id = ''] = [...(await two.org())].flatMap(([one, row]) => (row.LastName === 'Ng' ? [one] : []));
  return id;
}

/** The org gets a field `Nick__c`, and the mirror a column. */
export async function addNick(two: TwoWayRig): Promise<void> {
  await control(two.rig.emulator.url, 'settings', { addFields: [{ name: 'Nick__c', type: 'string' }] });
  await describeAnew(two);
  two.rig.pass(2 * minute);
  await two.cycle();
}

/** A cycle in which this user may not see `Nick__c`; after it they may again. */
export async function cycleWithoutNick(two: TwoWayRig): Promise<void> {
  const { url } = two.rig.emulator;
  await control(url, 'settings', { hiddenFields: ['Nick__c'] });
  await two.cycle();
  await control(url, 'settings', { hiddenFields: [] });
  await describeAnew(two);
}

const describeAnew = ({ rig: { context, signal } }: TwoWayRig) =>
  refreshSchema(context, { force: true, signal });
