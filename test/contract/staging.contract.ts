import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { NumberText } from '../../src/base/number-text.ts';
import type { Outbox } from '../../src/sync/ports/outbox.ts';
import type { OutboxState } from '../../src/sync/ports/outbox-entry.ts';
import type { Resumption, StagingRecord } from '../../src/sync/ports/outbox-staging.ts';
import { contactFields, describeOf, storedNames } from '../store/sqlite/contact-fields.ts';
import { contactRow, csvPage, epoch } from '../store/sqlite/pages.ts';
import { allOf } from '../sync/push-all.ts';
import type { ContractMirror } from './mirror.contract.ts';
import { asNew, brake, committed, record, some } from './staging-records.ts';

/** What a push relies on, whichever store takes it in. `openMirror` gives an empty mirror of its own. */
export function stagingContract(name: string, openMirror: () => Promise<ContractMirror>): void {
  describe(`${name}: records on their way into the outbox`, () => {
    test('are seen by nobody before all of them are there, and then in their order', async () => {
      await using opened = await openMirror();
      const { mirror } = opened;
      await using staging = await mirror.outbox.openStaging();
      const all = some(2_500, 'create');
      await staging.add(all.slice(0, 1_000));
      await staging.add(all.slice(1_000));
      expect((await mirror.outbox.counts()).pending).toBe(0);
      await staging.commit(brake, asNew);
      expect((await mirror.outbox.list()).map(({ key }) => key)).toEqual(all.map(({ entry }) => entry.key));
      const items = (await allOf(staging.items())).flat();
      expect(items.map(({ index, key }) => [index, key])).toEqual(
        all.map(({ index, entry }) => [index, entry.key]),
      );
      expect(await staging.tally()).toEqual([
        { op: 'create', state: 'pending', created: null, records: 2_500 },
      ]);
    });

    test('are told what became of them', async () => {
      await using opened = await openMirror();
      const { outbox } = opened.mirror;
      await using staging = await opened.mirror.outbox.openStaging();
      const all = some(4, 'create').map((own) => ({ ...own, given: { LastName: 'As given' } }));
      await committed(staging, all);
      const [a, b] = all.map(({ entry }) => entry.key);
      const errors = [{ code: 'X', message: 'No.', fields: [] }];
      await outbox.markSent([a!, b!], 'collection', 1);
      await outbox.settle([
        { key: a!, state: 'done', contactId: '003000000000001AAA', created: true, at: 2 },
        { key: b!, state: 'rejected', errors, at: 2 },
      ]);
      const items = (await allOf(staging.items())).flat();
      expect(items.map(({ outcome }) => outcome?.state ?? null)).toEqual([
        'done',
        'rejected',
        'pending',
        'pending',
      ]);
      expect(items[0]?.outcome).toMatchObject({ contactId: '003000000000001AAA', created: true });
      expect((await allOf(staging.rejects())).flat()).toEqual([
        { source: 'a.csv', index: 1, line: 3, given: { LastName: 'As given' }, key: b, errors },
      ]);
    });

    test('that are pushed again equally go on with the entries of that push, until it has ended', async () => {
      await using opened = await openMirror();
      const { outbox } = opened.mirror;
      await using first = await outbox.openStaging();
      const all = some(3, 'create');
      await first.add(all);
      expect(await first.commit(brake, { now: 5_000, since: 0 })).toMatchObject({ resumedFrom: null });
      const again = () => all.map((own) => ({ ...own, entry: { ...own.entry, key: randomUUID() } }));
      await using second = await outbox.openStaging();
      await second.add(again());
      expect(await second.commit(brake, { now: 9_000, since: 1_000 })).toMatchObject({ resumedFrom: 5_000 });
      const keys = (await outbox.list()).map(({ key }) => key);
      expect(keys).toEqual(all.map(({ entry }) => entry.key));
      expect((await allOf(second.items())).flat().map(({ key }) => key)).toEqual(keys);
      expect(await second.countOwn([...keys, 'none'])).toBe(3);
      await second.end({ queued: false });
      await using third = await outbox.openStaging();
      await third.add(again());
      expect(await third.commit(brake, { now: 9_500, since: 1_000 })).toMatchObject({ resumedFrom: null });
      expect(await outbox.counts()).toMatchObject({ pending: 6 });
    });

    describe('that are the same ones written otherwise', () => {
      const written = (changes: Record<string, unknown>, more: Partial<StagingRecord> = {}) => {
        const one = record(1, more);
        return { ...one, entry: { ...one.entry, changes } };
      };
      const plain = { LastName: 'N', FirstName: 'F', Email: 'a@example.com' };

      test.each<[what: string, again: StagingRecord, isSame: boolean]>([
        [
          'with their fields in another order',
          written({ FirstName: 'F', Email: plain.Email, LastName: 'N' }),
          true,
        ],
        [
          'with a value that Salesforce takes for the same',
          written({ ...plain, Email: 'A@example.com' }, { alike: { Email: plain.Email } }),
          true,
        ],
        ['with another value', written({ ...plain, FirstName: 'G' }), false],
        [
          'with the values of two fields exchanged',
          written({ ...plain, LastName: 'F', FirstName: 'N' }),
          false,
        ],
        ['with one field less', written({ LastName: 'N', FirstName: 'F' }), false],
        ['with a field that is to be empty', written({ ...plain, Title: null }), false],
      ])('%s', async (_, again, isSame) => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        await using first = await outbox.openStaging();
        await first.add([written(plain)]);
        await first.commit(brake, { now: 5_000, since: 0 });
        await using second = await outbox.openStaging();
        await second.add([again]);
        const resumedFrom = isSame ? 5_000 : null;
        expect(await second.draft(brake, { now: 9_000, since: 0 })).toMatchObject({ resumedFrom });
        expect(await second.commit(brake, { now: 9_000, since: 0 })).toMatchObject({ resumedFrom });
        expect(await outbox.counts()).toMatchObject({ pending: isSame ? 1 : 2 });
      });

      test('in another order of the records are others', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const both = [written({ LastName: 'A', Title: 'T' }), written({ Title: 'T', LastName: 'B' })];
        for (const records of [both, both.toReversed()]) {
          await using staging = await outbox.openStaging();
          await staging.add(records.map((own) => ({ ...own, entry: { ...own.entry, key: randomUUID() } })));
          expect(await staging.commit(brake, { now: 5_000, since: 0 })).toMatchObject({ resumedFrom: null });
        }
      });
    });

    describe('that wait already, pushed with other flags', () => {
      const plain = { allowDuplicates: false, atomicGroup: null, upsertField: null };
      type Flags = { allowDuplicates: boolean; atomicGroup: string | null; upsertField: string | null };
      const began = { now: 5_000, since: 0 };
      const again = { now: 9_000, since: 0 };
      const errors = [{ code: 'X', message: 'No.', fields: [] }];

      async function staged(outbox: Outbox, flags: Flags) {
        const staging = await outbox.openStaging();
        await staging.add(some(2, 'create').map((own) => ({ ...own, entry: { ...own.entry, ...flags } })));
        return staging;
      }

      async function first(outbox: Outbox, flags: Flags, ended?: { queued: boolean }): Promise<string[]> {
        await using staging = await staged(outbox, flags);
        await staging.commit(brake, began);
        if (ended !== undefined) await staging.end(ended);
        return (await outbox.list()).map(({ key }) => key);
      }

      test.each<[what: string, was: Flags, is: Flags]>([
        ['--allow-duplicates', plain, { ...plain, allowDuplicates: true }],
        ['no --allow-duplicates', { ...plain, allowDuplicates: true }, plain],
        ['--all-or-none', plain, { ...plain, atomicGroup: 'g' }],
        ['--upsert', plain, { ...plain, upsertField: 'LastName' }],
        [
          '--upsert by another field',
          { ...plain, upsertField: 'Email' },
          { ...plain, upsertField: 'LastName' },
        ],
      ])('are not taken in with %s, and those flags are told', async (_, was, is) => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        await first(outbox, was, { queued: true });
        const before = await outbox.list();
        await using second = await staged(outbox, is);
        const { allowDuplicates, atomicGroup, upsertField } = was;
        const unlike = {
          flags: { allowDuplicates, allOrNone: atomicGroup !== null, upsertField },
          begunAt: 5_000,
          waiting: 2,
          inDoubt: 0,
        };
        expect(await second.draft(brake, again)).toMatchObject({ unlike });
        expect(await second.commit(brake, again)).toMatchObject({ unlike, resumedFrom: null });
        expect(await outbox.list()).toEqual(before);
        // With its own flags it is gone on with.
        await using third = await staged(outbox, was);
        expect(await third.commit(brake, again)).toMatchObject({ unlike: null, resumedFrom: 5_000 });
      });

      const other = { ...plain, allowDuplicates: true };

      test.each(['sent', 'in-doubt', 'held', 'conflict'] as const)(
        'while one of them is %s',
        async (state) => {
          await using opened = await openMirror();
          const { outbox } = opened.mirror;
          const [a, b] = await first(outbox, plain);
          await outbox.move([b!], ['pending'], 'dropped', 2);
          if (state === 'held') await outbox.move([a!], ['pending'], state, 2);
          else await outbox.markSent([a!], 'collection', 2);
          if (state === 'in-doubt') await outbox.settle([{ key: a!, state, errors, at: 3 }]);
          if (state === 'conflict') await outbox.settle([{ key: a!, state, contactId: null, errors, at: 3 }]);
          await using second = await staged(outbox, other);
          const inDoubt = state === 'sent' || state === 'in-doubt' ? 1 : 0;
          expect(await second.commit(brake, again)).toMatchObject({ unlike: { waiting: 1, inDoubt } });
        },
      );

      test.each([
        ['some were refused and the rest taken', 'rejected'],
        ['they were given up', 'dropped'],
      ] as const)('are new ones where %s', async (_, state) => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        await using staging = await staged(outbox, plain);
        await staging.commit(brake, began);
        await takenAnd(outbox, state);
        await staging.end({ queued: false });
        await using second = await staged(outbox, other);
        expect(await second.commit(brake, again)).toMatchObject({ unlike: null, resumedFrom: null });
        expect(await outbox.counts()).toMatchObject({ pending: 2 });
      });

      test('are not taken in, and go on with their own, where one was refused and is let out again', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        await using staging = await staged(outbox, plain);
        await staging.commit(brake, began);
        await takenAnd(outbox, 'rejected');
        await staging.end({ queued: false });
        const [, b] = (await outbox.list()).map(({ key }) => key);
        await outbox.move([b!], ['rejected'], 'pending', 3);
        const before = await outbox.list();
        await using second = await staged(outbox, other);
        const unlike = { waiting: 1, inDoubt: 0 };
        expect(await second.draft(brake, again)).toMatchObject({ unlike });
        expect(await second.commit(brake, again)).toMatchObject({ unlike });
        await using third = await staged(outbox, plain);
        expect(await third.commit(brake, again)).toMatchObject({ resumedFrom: 5_000, resumedOpen: 1 });
        expect(await outbox.list()).toEqual(before);
        // Refused once more and told so, or made, they are new ones.
        await outbox.move([b!], ['pending'], 'rejected', 4);
        await third.end({ queued: false });
        await using fourth = await staged(outbox, other);
        expect(await fourth.commit(brake, again)).toMatchObject({ unlike: null, resumedFrom: null });
      });

      /** The first of two is made, the other one is so. */
      async function takenAnd(outbox: Outbox, state: 'rejected' | 'dropped'): Promise<void> {
        const [a, b] = (await outbox.list()).map(({ key }) => key);
        await outbox.move([b!], ['pending'], state, 2);
        await outbox.markSent([a!], 'collection', 1);
        const contactId = '003000000000001AAA';
        await outbox.settle([{ key: a!, state: 'done', contactId, created: true, at: 2 }]);
      }

      test('are not taken in either where one was made and nobody was told of it', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        await first(outbox, plain);
        await takenAnd(outbox, 'rejected');
        await using second = await staged(outbox, other);
        expect(await second.commit(brake, again)).toMatchObject({ unlike: { waiting: 0, inDoubt: 0 } });
        expect(await outbox.counts()).toMatchObject({ pending: 0 });
      });

      test('are new ones where none of them was made or waits', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const keys = await first(outbox, plain);
        await outbox.move(keys, ['pending'], 'rejected', 2);
        await using second = await staged(outbox, other);
        expect(await second.commit(brake, again)).toMatchObject({ unlike: null, resumedFrom: null });
      });

      test('are new ones where that is wanted, and go on with their own from then on', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        await first(outbox, plain);
        await using second = await staged(outbox, other);
        expect(await second.commit(brake, { now: 6_000, since: null })).toMatchObject({ unlike: null });
        for (const [flags, resumedFrom] of [
          [plain, 5_000],
          [other, 6_000],
        ] as const) {
          await using third = await staged(outbox, flags);
          expect(await third.commit(brake, again)).toMatchObject({ unlike: null, resumedFrom });
        }
      });
    });

    describe('that were only queued', () => {
      const began = { now: 5_000, since: 0 };
      const later = { now: 90_000_000, since: 89_000_000 };

      /** Pushes these values, as ever new records, and ends as a told push does. */
      async function pushed(outbox: Outbox, records: StagingRecord[], when: Resumption, queued = true) {
        await using staging = await outbox.openStaging();
        await staging.add(records.map((own) => ({ ...own, entry: { ...own.entry, key: randomUUID() } })));
        const committed = await staging.commit(brake, when);
        await staging.end({ queued });
        return committed;
      }

      test('are the same push while one of them waits, however long, and new ones when none does', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const all = some(2, 'create');
        expect(await pushed(outbox, all, began)).toMatchObject({ resumedFrom: null, resumedOpen: 0 });
        const [a, b] = (await outbox.list()).map(({ key }) => key);
        await outbox.markSent([a!], 'collection', 1);
        const done = (key: string, n: number) =>
          ({ key, state: 'done', contactId: `00300000000000${n}AAA`, created: true, at: 2 }) as const;
        await outbox.settle([done(a!, 1)]);
        expect(await pushed(outbox, all, later)).toMatchObject({ resumedFrom: 5_000, resumedOpen: 1 });
        expect((await outbox.list()).map(({ key }) => key)).toEqual([a, b]);
        await outbox.markSent([b!], 'collection', 1);
        expect(await pushed(outbox, all, later)).toMatchObject({ resumedFrom: 5_000, resumedOpen: 1 });
        await outbox.settle([done(b!, 2)]);
        expect(await pushed(outbox, all, later)).toMatchObject({ resumedFrom: null });
        expect(await outbox.counts()).toMatchObject({ done: 2, pending: 2 });
      });

      test('are gone on with by a push, which tells the end of them too', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const all = some(2, 'create');
        await pushed(outbox, all, began);
        await using staging = await outbox.openStaging();
        await staging.add(all.map((own) => ({ ...own, entry: { ...own.entry, key: randomUUID() } })));
        expect(await staging.draft(brake, later)).toMatchObject({ resumedFrom: 5_000, resumedOpen: 2 });
        expect(await staging.commit(brake, later)).toMatchObject({ resumedFrom: 5_000, resumedOpen: 2 });
        // It has not ended by being sent: whoever pushed has not been told.
        for (const { key } of await outbox.list()) await outbox.move([key], ['pending'], 'dropped', 1);
        expect(await pushed(outbox, all, { now: 90_000_001, since: 89_000_000 }, false)).toMatchObject({
          resumedFrom: 5_000,
          resumedOpen: 0,
        });
        expect(await pushed(outbox, all, later)).toMatchObject({ resumedFrom: null });
      });

      test('are new ones as such, if that is wanted', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const all = some(1, 'create');
        await pushed(outbox, all, began);
        expect(await pushed(outbox, all, { now: 6_000, since: null })).toMatchObject({ resumedFrom: null });
        expect(await outbox.counts()).toMatchObject({ pending: 2 });
      });

      const upsert = (Title: string) => {
        const one = record(1);
        const changes = { Email: 'A@example.com', Title };
        return { ...one, entry: { ...one.entry, changes, upsertField: 'Email' } };
      };
      const update = (Title: string) => {
        const one = record(1, { op: 'update' });
        return { ...one, entry: { ...one.entry, changes: { Title } } };
      };
      test.each([
        ['a change by Id', update],
        ['an upsert', upsert],
      ])('are new ones where another push has changed their contact since: %s', async (_, change) => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        await pushed(outbox, [change('a')], began);
        await pushed(outbox, [change('b')], { now: 5_001, since: 0 });
        await pushed(outbox, [record(2)], { now: 5_002, since: 0 });
        expect(await pushed(outbox, [change('a')], { now: 5_003, since: 0 })).toMatchObject({
          resumedFrom: null,
        });
        const titles = (await outbox.list()).flatMap(({ changes }) => changes.Title ?? []);
        expect(titles).toEqual(['a', 'b', 'a']);
        expect(await pushed(outbox, [change('a')], { now: 5_004, since: 0 })).toMatchObject({
          resumedFrom: 5_003,
        });
      });

      test('go on in spite of that, once a push has gone on with them: it sends nothing twice', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        await pushed(outbox, [upsert('a')], began);
        await using untold = await outbox.openStaging();
        await untold.add([upsert('a')]);
        expect(await untold.commit(brake, { now: 5_001, since: 0 })).toMatchObject({ resumedFrom: 5_000 });
        await pushed(outbox, [upsert('b')], { now: 5_002, since: 0 });
        expect(await pushed(outbox, [upsert('a')], { now: 5_003, since: 0 })).toMatchObject({
          resumedFrom: 5_000,
        });
      });
    });

    describe('that did not end and of which nothing waits', () => {
      const errors = [{ code: 'X', message: 'No.', fields: [] }];
      const when = (now: number) => ({ now, since: 0 });
      const change = (Title: string, index = 1) => {
        const one = record(index, { op: 'update' });
        return { ...one, entry: { ...one.entry, changes: { Title } } };
      };

      /** Pushes these values as ever new records; unless `told`, nobody knows its end. */
      async function pushed(
        outbox: Outbox,
        records: StagingRecord[],
        now: number,
        told?: { queued: boolean },
      ) {
        await using staging = await outbox.openStaging();
        await staging.add(records.map((own) => ({ ...own, entry: { ...own.entry, key: randomUUID() } })));
        const draft = await staging.draft(brake, when(now));
        const planned = (await draft.list({ after: 0, limit: 9 })).map(({ changes }) => changes);
        const before = new Set((await outbox.list()).map(({ key }) => key));
        const committed = await staging.commit(brake, when(now));
        const added = (await outbox.list()).filter(({ key }) => !before.has(key));
        expect(planned).toEqual(added.map(({ changes }) => changes));
        const { resumedFrom, renewed, overtaken } = committed;
        expect(draft).toMatchObject({ resumedFrom, renewed, overtaken });
        if (told !== undefined) await staging.end(told);
        return { ...committed, items: (await allOf(staging.items())).flat() };
      }

      /** Salesforce takes all that waits, but what has this title. */
      async function taken(outbox: Outbox, refused?: string): Promise<void> {
        for (const { seq, key, op, contactId, changes } of await outbox.list({ states: ['pending'] })) {
          await outbox.markSent([key], 'collection', 1);
          const made = contactId ?? `0030000000009${String(seq).padStart(2, '0')}AAA`;
          await outbox.settle([
            changes.Title === refused && refused !== undefined
              ? { key, state: 'rejected', errors, at: 2 }
              : { key, state: 'done', contactId: made, created: op === 'create', at: 2 },
          ]);
        }
      }

      const titles = async (outbox: Outbox) =>
        (await outbox.list()).flatMap(({ changes }) => changes.Title ?? []);

      test('are the same ones where another contact was changed, or the change of theirs came to nothing', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        await pushed(outbox, [change('a')], 5_000);
        await taken(outbox);
        await pushed(outbox, [change('b', 2)], 5_001);
        await pushed(outbox, [change('c')], 5_002);
        await taken(outbox, 'c');
        expect(await pushed(outbox, [change('a')], 5_003)).toMatchObject({
          resumedFrom: 5_000,
          renewed: 0,
          overtaken: 0,
        });
        expect(await titles(outbox)).toEqual(['a', 'b', 'c']);
      });

      test('are the same ones where a refused change was mended since', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        await pushed(outbox, [change('a'), change('bad', 2)], 5_000);
        await taken(outbox, 'bad');
        const [key] = (await outbox.list({ states: ['rejected'] })).map((entry) => entry.key);
        await pushed(outbox, [{ ...change('good', 2), replaces: key! }], 5_001, { queued: false });
        await taken(outbox);
        expect(await pushed(outbox, [change('a'), change('bad', 2)], 5_002)).toMatchObject({
          resumedFrom: 5_000,
          overtaken: 0,
        });
        expect(await titles(outbox)).toEqual(['a', 'bad', 'good']);
      });

      test('are the same ones where others changed their contacts since, and tell how many', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const own = () => [record(0), change('a'), change('a', 2), change('a', 3)];
        await pushed(outbox, own(), 5_000);
        await taken(outbox);
        await pushed(outbox, [change('b'), change('b', 4)], 5_001, { queued: false });
        await pushed(outbox, [change('c')], 5_002, { queued: false });
        await taken(outbox);
        await pushed(outbox, [change('d', 2)], 5_003, { queued: true });
        expect(await pushed(outbox, own(), 5_004)).toMatchObject({
          resumedFrom: 5_000,
          renewed: 0,
          overtaken: 2,
        });
        expect(await titles(outbox)).toEqual(['a', 'a', 'a', 'b', 'b', 'c', 'd']);
        expect(await pushed(outbox, own(), 5_005, { queued: false })).toMatchObject({ overtaken: 2 });
        expect(await pushed(outbox, own(), 5_006)).toMatchObject({ resumedFrom: null, overtaken: 0 });
      });

      test('are the same ones where others upserted their contacts since, and tell how many', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const upsert = (Title: string, Email: string) => {
          const one = record(0);
          return { ...one, entry: { ...one.entry, upsertField: 'Email', changes: { Email, Title } } };
        };
        await pushed(outbox, [upsert('a', 'one@example.com'), upsert('a', 'two@example.com')], 5_000);
        await taken(outbox);
        await pushed(outbox, [upsert('b', 'ONE@example.com')], 5_001, { queued: false });
        const again = [upsert('a', 'one@example.com'), upsert('a', 'two@example.com')];
        expect(await pushed(outbox, again, 5_002)).toMatchObject({ resumedFrom: 5_000, overtaken: 1 });
      });

      test('are new ones where the contact was changed by its Id to which a change before gives the value that they upsert by', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const Email = 'one@example.com';
        const gives = change('');
        const upsert = () => {
          const one = record(0);
          return { ...one, entry: { ...one.entry, upsertField: 'Email', changes: { Email, Title: 'a' } } };
        };
        const queued = { queued: true };
        await pushed(outbox, [{ ...gives, entry: { ...gives.entry, changes: { Email } } }], 5_000, queued);
        await pushed(outbox, [upsert()], 5_001, queued);
        expect(await pushed(outbox, [upsert()], 5_002, queued)).toMatchObject({ resumedFrom: 5_001 });
        await pushed(outbox, [change('b')], 5_003, queued);
        expect(await pushed(outbox, [upsert()], 5_004, queued)).toMatchObject({ resumedFrom: null });
      });

      test('make no contact a second time, and the changes beside it anew, where they were queued and some wait', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const mixed = () => [record(0), change('a')];
        await pushed(outbox, mixed(), 5_000, { queued: true });
        const [created] = await outbox.list();
        await pushed(outbox, [change('b')], 5_001, { queued: true });
        const again = await pushed(outbox, mixed(), 5_002);
        expect(again).toMatchObject({ resumedFrom: 5_000, renewed: 1, resumedOpen: 1, overtaken: 0 });
        expect(again.items.map(({ key, outcome }) => [key === created!.key, outcome?.state])).toEqual([
          [true, 'pending'],
          [false, 'pending'],
        ]);
        expect(await titles(outbox)).toEqual(['a', 'b', 'a']);
        expect((await outbox.list()).filter(({ op }) => op === 'create')).toHaveLength(1);
        await taken(outbox);
        expect(await pushed(outbox, mixed(), 5_003, { queued: false })).toMatchObject({
          resumedFrom: 5_000,
          renewed: 0,
        });
        expect(await pushed(outbox, mixed(), 5_004)).toMatchObject({ resumedFrom: null });
      });
    });

    describe('in the place of refused ones', () => {
      const mending = (replaces: string | null, index = 0) => ({
        ...record(index, { given: { LastName: 'As given' } }),
        replaces,
      });
      const errors = [{ code: 'X', message: 'No.', fields: ['Title'] }];

      /** Entries that Salesforce has refused. */
      async function refused(outbox: Outbox, count = 1): Promise<string[]> {
        await using staging = await outbox.openStaging();
        const all = some(count, 'create', 100);
        await committed(staging, all);
        await staging.end({ queued: false });
        const keys = all.map(({ entry }) => entry.key);
        await outbox.markSent(keys, 'collection', 1);
        await outbox.settle(keys.map((key) => ({ key, state: 'rejected', errors, at: 2 })));
        return keys;
      }

      async function pushed(outbox: Outbox, records: StagingRecord[], told = true) {
        await using staging = await outbox.openStaging();
        await staging.add(records);
        await staging.refuseReplaced({ now: 9_000, since: 0 });
        const faults = (await allOf(staging.faults())).flat().map(({ index, code }) => [index, code]);
        if (faults.length > 0) return { faults, rejects: (await allOf(staging.rejects())).flat() };
        const draft = await staging.draft(brake, { now: 9_000, since: 0 });
        const outcome = await staging.commit(brake, { now: 9_000, since: 0 });
        expect(draft.replaced).toBe(outcome.replaced);
        if (told) await staging.end({ queued: false });
        return { ...outcome, faults };
      }

      test('drop these, with a note of what came in their place', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const [a, b] = await refused(outbox, 2);
        const mended = mending(a!);
        expect(await pushed(outbox, [mended, mending('none', 1), mending(null, 2)])).toMatchObject({
          faults: [],
          refused: 0,
          replaced: 1,
        });
        const [first, second] = await outbox.list({ keys: [a!, b!] });
        expect(first).toMatchObject({ state: 'dropped', settledAt: 9_000 });
        expect(first!.errors[0]).toMatchObject({
          code: 'REPLACED',
          message: expect.stringContaining(mended.entry.key),
        });
        expect(first!.errors.slice(1)).toEqual(errors);
        expect(second).toMatchObject({ state: 'rejected' });
        expect(await outbox.counts()).toMatchObject({ dropped: 1, rejected: 1, pending: 3 });
      });

      test.each(['pending', 'sent', 'in-doubt', 'done', 'conflict', 'held'] as const)(
        'are refused where it is %s by then, and nothing is stored',
        async (state) => {
          await using opened = await openMirror();
          const { outbox } = opened.mirror;
          const [key] = await refused(outbox);
          if (state === 'held') await outbox.move([key!], ['rejected'], 'held', 3);
          else await outbox.move([key!], ['rejected'], 'pending', 3);
          if (state !== 'pending' && state !== 'held') await outbox.markSent([key!], 'collection', 4);
          const contactId = '003000000000001AAA';
          if (state === 'done') await outbox.settle([{ key: key!, state, contactId, created: true, at: 5 }]);
          if (state === 'in-doubt') await outbox.settle([{ key: key!, state, errors, at: 5 }]);
          if (state === 'conflict')
            await outbox.settle([{ key: key!, state, contactId: null, errors, at: 5 }]);
          const before = await outbox.list();
          const { faults, ...told } = await pushed(outbox, [mending(null, 7), mending(key!, 8)]);
          expect(faults).toEqual([[8, 'ENTRY_NOT_REFUSED']]);
          expect(told).toMatchObject({ rejects: [{ index: 8, key }] });
          expect(await outbox.list()).toEqual(before);
        },
      );

      test('are refused by the commit itself where it was let out again since they were looked at', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const [key] = await refused(outbox);
        await using staging = await outbox.openStaging();
        await staging.add([mending(key!)]);
        await staging.refuseReplaced(asNew);
        expect((await staging.counts()).faults).toBe(0);
        await outbox.move([key!], ['rejected'], 'pending', 3);
        expect(await staging.commit(brake, asNew)).toMatchObject({ refused: 1, replaced: 0 });
        expect(await staging.counts()).toMatchObject({ faults: 1, faulty: 1 });
        expect(await outbox.list()).toHaveLength(1);
      });

      test('name each of them once', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const [key] = await refused(outbox);
        expect(await pushed(outbox, [mending(key!), mending(key!, 1)])).toMatchObject({
          faults: [[1, 'GIVEN_TWICE']],
        });
        // What is no key of an entry is somebody's own column.
        expect(await pushed(outbox, [mending('x'), mending('x', 1)])).toMatchObject({ faults: [] });
      });

      test('by a file that is mended again and again replace what the last time was refused, and nothing that was taken', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const [a, b] = await refused(outbox, 2);
        const [first, second] = [mending(a!), mending(b!, 1)];
        await pushed(outbox, [first, second]);
        const keys = [first.entry.key, second.entry.key];
        await outbox.markSent(keys, 'collection', 1);
        await outbox.settle([
          { key: keys[0]!, state: 'rejected', errors, at: 2 },
          { key: keys[1]!, state: 'done', contactId: '003000000000001AAA', created: true, at: 2 },
        ]);
        expect(await pushed(outbox, [mending(a!), mending(b!, 1)])).toMatchObject({
          faults: [[1, 'ENTRY_NOT_REFUSED']],
        });
        expect(await pushed(outbox, [mending(a!)])).toMatchObject({ faults: [], replaced: 1 });
        expect(await outbox.list({ keys: [keys[0]!] })).toMatchObject([{ state: 'dropped' }]);
      });

      test('that a person has given up are new ones', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const [key] = await refused(outbox);
        await outbox.move([key!], ['rejected'], 'dropped', 3);
        expect(await pushed(outbox, [mending(key!)])).toMatchObject({ faults: [], replaced: 0 });
      });

      test('and did not end go on with the entries that took it', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const [key] = await refused(outbox);
        await pushed(outbox, [mending(key!)], false);
        expect(await pushed(outbox, [mending(key!)])).toMatchObject({ faults: [], resumedFrom: 9_000 });
        expect(await outbox.counts()).toMatchObject({ pending: 1, dropped: 1 });
      });

      test('are told apart from the same records of another place', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        const [key] = await refused(outbox);
        await pushed(outbox, [mending(null)], false);
        expect(await pushed(outbox, [mending(key!)])).toMatchObject({ resumedFrom: null, replaced: 1 });
      });

      test('have the first push told of what became of them, however often they were mended', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        await using staging = await outbox.openStaging();
        const all = [0, 1, 2, 3, 4].map((index) => record(index, { given: { LastName: `N${index}` } }));
        await committed(staging, all);
        const keys = all.map(({ entry }) => entry.key);
        const refuse = async (some: readonly string[]) => {
          await outbox.markSent(some, 'collection', 1);
          await outbox.settle(some.map((key) => ({ key, state: 'rejected', errors, at: 2 })));
        };
        await refuse(keys);
        const mended = [0, 1, 2].map((index) => mending(keys[index]!, index));
        await pushed(outbox, mended);
        const [made, refusedAgain, mendedAgain] = mended.map(({ entry }) => entry.key);
        const contactId = '003000000000001AAA';
        await outbox.markSent([made!], 'collection', 1);
        await outbox.settle([{ key: made!, state: 'done', contactId, created: true, at: 2 }]);
        await refuse([refusedAgain!, mendedAgain!]);
        const last = mending(keys[2]!);
        await pushed(outbox, [last]);
        await outbox.move([keys[4]!], ['rejected'], 'dropped', 3);
        const items = (await allOf(staging.items())).flat();
        expect(items.map(({ key, outcome }) => [key, outcome?.state, outcome?.contactId])).toEqual([
          [made, 'done', contactId],
          [refusedAgain, 'rejected', null],
          [last.entry.key, 'pending', null],
          [keys[3], 'rejected', null],
          [keys[4], 'dropped', null],
        ]);
        const tally = await staging.tally();
        const counted = tally.map(({ state, created, records }) => [state, created, records]);
        expect(counted.toSorted()).toEqual([
          ['done', true, 1],
          ['dropped', null, 1],
          ['pending', null, 1],
          ['rejected', null, 2],
        ]);
        const rejects = (await allOf(staging.rejects())).flat();
        expect(rejects.map(({ index, key, given }) => [index, key, given])).toEqual([
          [1, refusedAgain, { LastName: 'N1' }],
          [3, keys[3], { LastName: 'N3' }],
        ]);
        expect(await staging.countOwn([...keys, made!])).toBe(5);
      });

      test('leave a rejects file with none that was replaced', async () => {
        await using opened = await openMirror();
        const { outbox } = opened.mirror;
        await using staging = await outbox.openStaging();
        const all = [0, 1].map((index) => record(index, { given: { Score__c: new NumberText('1.10') } }));
        await committed(staging, all);
        const keys = all.map(({ entry }) => entry.key);
        await outbox.markSent(keys, 'collection', 1);
        await outbox.settle(keys.map((key) => ({ key, state: 'rejected', errors, at: 2 })));
        await pushed(outbox, [mending(keys[0]!)]);
        expect((await allOf(staging.rejects())).flat()).toEqual([
          {
            source: 'a.csv',
            index: 1,
            line: 3,
            given: { Score__c: new NumberText('1.10') },
            key: keys[1],
            errors,
          },
        ]);
      });
    });

    test('keep by what they are to go, until the same push with another choice', async () => {
      await using opened = await openMirror();
      const { outbox } = opened.mirror;
      const all = some(2, 'create');
      const push = async (api?: 'bulk' | 'collections') => {
        await using staging = await outbox.openStaging();
        await staging.add(all.map((own) => ({ ...own, entry: { ...own.entry, key: randomUUID() } })));
        await staging.commit(brake, { now: 5_000, since: 0 }, api);
        return [(await outbox.list()).map((entry) => entry.api), await outbox.asksForJob()];
      };
      expect(await push()).toEqual([[null, null], false]);
      expect(await push('bulk')).toEqual([['bulk', 'bulk'], true]);
      const [first] = await outbox.list();
      await outbox.markSent([first!.key], 'bulk', 6_000);
      expect(await push('collections')).toEqual([['bulk', 'collections'], false]);
    });

    test('are told as a commit would have them, and nothing of it is stored', async () => {
      await using opened = await openMirror();
      const { outbox } = opened.mirror;
      await using staging = await outbox.openStaging();
      const all = [...some(101, 'delete'), ...some(2, 'create', 200)];
      await staging.add(all);
      const when = { now: 5_000, since: 0 };
      const draft = await staging.draft(brake, when, 'bulk');
      expect(draft).toMatchObject({ heldDeletes: 101, heldEdits: 0, resumedFrom: null });
      const first = await draft.list({ after: 0, limit: 102 });
      const entries = [...first, ...(await draft.list({ after: first.at(-1)!.seq, limit: 102 }))];
      expect(await outbox.list()).toEqual([]);
      await staging.commit(brake, when, 'bulk');
      const stored = await outbox.list();
      const alike = (list: typeof stored) => list.map(({ seq: _seq, ...entry }) => entry);
      expect(alike(entries)).toEqual(alike(stored));
      await using second = await outbox.openStaging();
      await second.add(all.map((own) => ({ ...own, entry: { ...own.entry, key: randomUUID() } })));
      const again = await second.draft(brake, { now: 9_000, since: 1_000 });
      expect(again).toMatchObject({ heldDeletes: 0, resumedFrom: 5_000 });
      expect(await again.list({ after: 0, limit: 9 })).toEqual([]);
      expect(await again.ownOf(['none', ...stored.map(({ key }) => key)])).toHaveLength(103);
      await outbox.move([stored[102]!.key], ['pending'], 'dropped', 9_100);
      const told = (await allOf(second.items())).flat().map(({ outcome }) => outcome?.state);
      expect(told).toEqual([...some(101, 'delete').map(() => 'held'), 'pending', 'dropped']);
      expect(await second.tally()).toContainEqual({
        op: 'create',
        state: 'dropped',
        created: null,
        records: 1,
      });
    });

    test('that are pushed again much later, or as new ones, are new where nothing of them waits', async () => {
      await using opened = await openMirror();
      const { outbox } = opened.mirror;
      const moveAll = async (from: OutboxState, to: OutboxState) => {
        for (const { key } of await outbox.list({ states: [from] })) await outbox.move([key], [from], to, 1);
      };
      const push = async (now: number, since: number | null) => {
        await using staging = await outbox.openStaging();
        await staging.add([record(0)]);
        return (await staging.commit(brake, { now, since })).resumedFrom;
      };
      expect(await push(1_000, 0)).toBeNull();
      expect(await push(2_000, null)).toBeNull();
      expect(await push(9_000, 5_000)).toBe(2_000);
      expect(await outbox.counts()).toMatchObject({ pending: 2 });
      await moveAll('pending', 'rejected');
      expect(await push(99_000, 95_000)).toBeNull();
      await moveAll('pending', 'dropped');
      // Somebody lets out again what was refused long ago.
      await moveAll('rejected', 'pending');
      expect(await push(199_000, 195_000)).toBe(2_000);
      await moveAll('pending', 'dropped');
      expect(await push(299_000, 295_000)).toBeNull();
    });

    test('take a fault back that the rest of their source has shown to be none', async () => {
      await using opened = await openMirror();
      await using staging = await opened.mirror.outbox.openStaging();
      const faults = [
        { field: 'A', code: 'ODD', message: 'a' },
        { field: 'B', code: 'WRONG', message: 'b' },
      ];
      await staging.add([record(0, { faults }), record(1, { source: 'b.csv', faults })]);
      await staging.withdraw('a.csv', 'ODD');
      const told = (await allOf(staging.faults())).flat();
      expect(told.map(({ source, code }) => [source, code])).toEqual([
        ['a.csv', 'WRONG'],
        ['b.csv', 'ODD'],
        ['b.csv', 'WRONG'],
      ]);
    });

    test('have their faults told in the order of the input, and by kinds', async () => {
      await using opened = await openMirror();
      await using staging = await opened.mirror.outbox.openStaging();
      const fault = (field: string, message: string) => ({ field, code: 'WRONG', message });
      const given = { A: '1' };
      await staging.add([
        record(0, { faults: [fault('B', 'b0'), fault('A', 'a0')], given }),
        record(1, { given }),
        record(2, { faults: [fault('A', 'a2')], given }),
      ]);
      const faults = (await allOf(staging.faults())).flat();
      expect(faults.map(({ index, message }) => [index, message])).toEqual([
        [0, 'b0'],
        [0, 'a0'],
        [2, 'a2'],
      ]);
      const { groups, total } = await staging.faultGroups(1);
      expect([groups.length, total]).toEqual([1, 2]);
      const all = await staging.faultGroups(20);
      expect(all.groups.map(({ field, records, message }) => [field, records, message])).toEqual([
        ['B', 1, 'b0'],
        ['A', 2, 'a0'],
      ]);
      expect(await staging.counts()).toMatchObject({ records: 3, faults: 3, faulty: 2 });
      const rejects = (await allOf(staging.rejects())).flat();
      expect(rejects.map(({ index, errors }) => [index, errors.map(({ message }) => message)])).toEqual([
        [0, ['b0', 'a0']],
        [2, ['a2']],
      ]);
    });

    test('must not have an Id in some rows of a source only, nor one value twice', async () => {
      await using opened = await openMirror();
      await using staging = await opened.mirror.outbox.openStaging();
      const valued = (index: number, K: string, more: Partial<StagingRecord> = {}) => {
        const { entry, ...rest } = record(index, more);
        return { ...rest, uniqueValue: K.toLowerCase(), entry: { ...entry, changes: { K } } };
      };
      await staging.add([
        valued(0, 'x'),
        record(1, { op: 'update' }),
        valued(2, 'X', { source: 'b.csv' }),
        valued(3, '50%', { source: 'b.csv', line: null }),
        valued(4, '50%', { source: 'b.csv' }),
        valued(5, 'x', { source: 'b.csv' }),
      ]);
      await staging.refuseMixed({ field: 'Id', code: 'ID_MISSING', message: 'No Id.' });
      await staging.refuseRepeated({
        field: 'K',
        code: 'DUPLICATE_VALUE',
        message: '"%s" twice, first in %s.',
      });
      const faults = (await allOf(staging.faults())).flat();
      expect(faults.map(({ index, code, message }) => [index, code, message])).toEqual([
        [0, 'ID_MISSING', 'No Id.'],
        [2, 'DUPLICATE_VALUE', '"X" twice, first in a.csv, line 2, record 1.'],
        [4, 'DUPLICATE_VALUE', '"50%" twice, first in b.csv, record 4.'],
        [5, 'DUPLICATE_VALUE', '"x" twice, first in a.csv, line 2, record 1.'],
      ]);
    });
  });

  describe(`${name}: the brake`, () => {
    test('looks at all that waits: two pushes of 100 deletes do not pass', async () => {
      await using opened = await openMirror();
      await using first = await opened.mirror.outbox.openStaging();
      expect(await committed(first, some(100, 'delete'))).toMatchObject({ heldDeletes: 0, heldEdits: 0 });
      await using second = await opened.mirror.outbox.openStaging();
      expect(await committed(second, some(100, 'delete', 100))).toMatchObject({
        heldDeletes: 100,
        heldEdits: 0,
      });
      expect(await opened.mirror.outbox.counts()).toMatchObject({ pending: 100, held: 100 });
    });

    test('lets go what a person has approved, and does not count it again', async () => {
      await using opened = await openMirror();
      const { outbox } = opened.mirror;
      await using first = await opened.mirror.outbox.openStaging();
      await committed(first, some(150, 'delete'));
      const held = (await outbox.list({ states: ['held'] })).map(({ key }) => key);
      expect(held).toHaveLength(150);
      await outbox.move(held, ['held'], 'pending', 1);
      await using second = await opened.mirror.outbox.openStaging();
      expect(await committed(second, some(1, 'delete', 150))).toMatchObject({ heldDeletes: 0, heldEdits: 0 });
    });

    test('holds edits of more than 100 and a tenth of the mirror, and never creates', async () => {
      await using opened = await openMirror();
      await using staging = await opened.mirror.outbox.openStaging();
      const held = await committed(staging, [...some(500, 'create'), ...some(101, 'update', 500)]);
      expect(held).toMatchObject({ heldDeletes: 0, heldEdits: 101 });
      expect(await opened.mirror.outbox.counts()).toMatchObject({ pending: 500, held: 101 });
    });
  });

  describe(`${name}: upserts at the brake`, () => {
    const upserts = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => {
        const one = record(from + i);
        const changes = { LastName: 'New', Email: `N${from + i}@Example.com` };
        return { ...one, entry: { ...one.entry, changes, upsertField: 'Email' } };
      });

    /** A mirror of 200 contacts. */
    async function openFilled(fields = contactFields) {
      const opened = await openMirror();
      const { mirror } = opened;
      await mirror.schema.applyDescribe(describeOf(fields), 0);
      const names = storedNames.filter((name) => fields.some((own) => own.name === name));
      const rows = [...Array(200).keys()].map((n) =>
        contactRow(n, { Id: `003${String(n).padStart(15, '0')}`, Email: `n${n}@example.com` }),
      );
      await mirror.commit({ page: csvPage(names, rows, epoch) });
      return opened;
    }

    test('are edits where they meet a contact of the mirror, and creations where they do not', async () => {
      await using opened = await openFilled();
      await using staging = await opened.mirror.outbox.openStaging();
      expect(await committed(staging, upserts(0, 500))).toMatchObject({ heldDeletes: 0, heldEdits: 200 });
      expect(await opened.mirror.outbox.counts()).toMatchObject({ held: 200, pending: 300 });
    });

    test('go when they are few or new, and count for the next push', async () => {
      await using opened = await openFilled();
      await using few = await opened.mirror.outbox.openStaging();
      expect(await committed(few, upserts(140, 800))).toMatchObject({ heldEdits: 0 });
      await using next = await opened.mirror.outbox.openStaging();
      expect(await committed(next, some(41, 'update'))).toMatchObject({ heldEdits: 41 });
    });

    test('may each be an edit where the mirror lacks their field', async () => {
      await using opened = await openFilled(contactFields.filter(({ name }) => name !== 'Email'));
      await using few = await opened.mirror.outbox.openStaging();
      expect(await committed(few, upserts(0, 100))).toMatchObject({ heldEdits: 0 });
      await using many = await opened.mirror.outbox.openStaging();
      expect(await committed(many, upserts(100, 500))).toMatchObject({ heldEdits: 400 });
    });
  });
}
