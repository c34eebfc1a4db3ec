import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { contactsNamed } from '../../src/store/sqlite/named-contacts.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { settled } from './two-way-acts.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const externalId = 'ParaHack_Id__c';
type Ask = (two: TwoWayRig, title: string) => Promise<unknown>;

const queue = (
  { rig: { context, signal } }: TwoWayRig,
  record: Record<string, unknown>,
  upsertField: string | null = null,
) => pushAll(context, recordsOf([record]), { signal, queue: true, fresh: false, upsertField });
const first = ({ ids }: TwoWayRig) => String(ids[0]);

/** Ways to ask for a change of the same contact. */
const ways = {
  'by Id': (two, Title) => queue(two, { Id: first(two), Title }),
  'by an upsert': async (two, Title) => {
    const value = String((await two.org()).get(first(two))?.[externalId]);
    return queue(two, { [externalId]: value, Title }, externalId);
  },
  'by an upsert in another case': async (two, Title) => {
    const value = String((await two.org()).get(first(two))?.[externalId]).toUpperCase();
    return queue(two, { [externalId]: value, Title }, externalId);
  },
  'by SQL': async (two, Title) => two.sql('UPDATE contacts SET Title = ? WHERE Id = ?', Title, first(two)),
} satisfies Record<string, Ask>;
type Way = keyof typeof ways;

it.each<[Way, Way]>([
  ['by Id', 'by Id'],
  ['by Id', 'by an upsert'],
  ['by Id', 'by SQL'],
  ['by an upsert', 'by Id'],
  ['by an upsert', 'by an upsert in another case'],
  ['by an upsert', 'by SQL'],
])('the same records once more, %s, are new ones where their contact was changed %s', async (own, other) => {
  await using two = await twoWay();
  await ways[own](two, 'A');
  await ways[other](two, 'B');
  expect(await ways[own](two, 'A')).toMatchObject({ resumedFrom: null });
  await settled(two);
  expect((await two.org()).get(first(two))).toMatchObject({ Title: 'A' });
});

it('the same upsert once more is new where the contact was changed to which a change before it gives the value', async () => {
  await using two = await twoWay();
  const upsert = () => queue(two, { [externalId]: 'new', Title: 'A' }, externalId);
  await queue(two, { Id: first(two), [externalId]: 'new' });
  await upsert();
  await queue(two, { Id: first(two), Title: 'B' });
  expect(await upsert()).toMatchObject({ resumedFrom: null });
  await settled(two);
  expect((await two.org()).get(first(two))).toMatchObject({ Title: 'A' });
});

it('very many upserts are found among what gives values by an index, and not one by one', async () => {
  await using two = await twoWay();
  await queue(two, { [externalId]: 'new', LastName: 'New' }, externalId);
  const db = new Database(two.rig.context.mirror.location);
  const named = contactsNamed(db, 'Contact', 'true');
  const plan = db.prepare(`EXPLAIN QUERY PLAN WITH ${named} SELECT * FROM named`).all() as {
    detail: string;
  }[];
  db.close();
  const steps = plan.map(({ detail }) => detail);
  // Whichever of the two is looked up in the other.
  expect(steps).toContainEqual(
    expect.stringMatching(/^SEARCH [gu] USING AUTOMATIC (COVERING )?INDEX \(value=/),
  );
  expect(steps).toContainEqual(expect.stringMatching(/^SEARCH c USING (COVERING )?INDEX/));
});
