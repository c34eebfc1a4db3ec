import { describe, expect, it } from 'vitest';
import { serverClocksMs } from '../../src/org/server-clocks.ts';
import {
  CreateMatcher,
  type DoubtfulCreate,
  type MadeContact,
} from '../../src/sync/push/settle/match-creates.ts';
import fc from '../support/properties.ts';

const types: Readonly<Record<string, string>> = {
  Email: 'email',
  DoNotCall: 'boolean',
  OwnerId: 'reference',
};
const fields = new Map(
  ['LastName', 'Title', 'Email', 'Phone', 'DoNotCall', 'OwnerId'].map((name) => [
    name,
    {
      type: types[name] ?? 'string',
      scale: 0,
      picklistValues: [],
      defaultedOnCreate: name in types && name !== 'Email',
    },
  ]),
);
const from = Date.UTC(2026, 2, 4, 10);
const until = from + 60_000;

function create(
  key: string,
  changes: Record<string, unknown>,
  more: Partial<DoubtfulCreate> = {},
): DoubtfulCreate {
  return { key, changes, madeFrom: from, madeBefore: until, ...more };
}

function contact(id: string, values: Record<string, unknown>, more: Partial<MadeContact> = {}): MadeContact {
  const createdMs = from + 1_000;
  const createdAt = new Date(createdMs).toISOString();
  return { id, name: null, email: null, createdAt, createdMs, gone: null, values, ...more };
}

function matched(entries: readonly DoubtfulCreate[], contacts: readonly MadeContact[]) {
  const matcher = new CreateMatcher(fields);
  for (const entry of entries) matcher.add(entry);
  for (const each of contacts) matcher.see(each);
  const verdicts = matcher.verdicts();
  const told = (key: string) => {
    const verdict = verdicts.get(key);
    return verdict?.kind === 'made' ? verdict.contact.id : verdict?.kind;
  };
  return { matcher, verdicts, told };
}

describe('a create in doubt', () => {
  it('is the contact that has all values it sent, as Salesforce keeps them', () => {
    const { told } = matched(
      [create('a', { LastName: ' Doe ', Email: 'A@B.example', Title: '' })],
      [contact('1', { LastName: 'Doe', Email: 'a@b.example', Title: null, Phone: '1' })],
    );
    expect(told('a')).toBe('1');
  });

  it('was not made where this user made nothing since', () => {
    expect(matched([create('a', { LastName: 'Doe' })], []).told('a')).toBe('not-made');
  });

  it('stays open where a contact is left that nothing explains, and names it', () => {
    const { told, matcher } = matched(
      [create('a', { LastName: 'Doe', Title: 'T' })],
      [contact('1', { LastName: 'Other' }), contact('2', { LastName: 'DOE', Title: 'T' })],
    );
    expect(told('a')).toBe('open');
    expect(matcher.candidates('a', { LastName: 'Doe', Title: 'T' }).map(({ id }) => id)).toEqual(['2', '1']);
  });

  it('shares no contact with another of the same values', () => {
    const { verdicts } = matched(
      [create('a', { LastName: 'Doe' }), create('b', { LastName: 'Doe' })],
      [contact('1', { LastName: 'Doe' })],
    );
    expect([...verdicts.values()].map(({ kind }) => kind).toSorted()).toEqual(['made', 'not-made']);
  });

  it('leaves a contact to the one that can be no other', () => {
    const { told } = matched(
      [create('a', { LastName: 'Doe' }), create('b', { LastName: 'Doe', Title: 'T' })],
      [contact('1', { LastName: 'Doe', Title: 'T' }), contact('2', { LastName: 'Doe', Title: null })],
    );
    expect([told('a'), told('b')]).toEqual(['2', '1']);
  });

  it('leaves a contact to the one that says more of it', () => {
    // What the org sets by itself says nothing.
    const set = { DoNotCall: false, OwnerId: '005000000000001AAA' };
    const less = create('less', { LastName: 'Doe', Email: '', Phone: null, ...set });
    const more = create('more', { LastName: 'Doe', Title: 'T' });
    const full = contact('1', { LastName: 'Doe', Title: 'T', ...set });
    for (const entries of [
      [less, more],
      [more, less],
    ]) {
      const { told } = matched(entries, [full]);
      expect([told('less'), told('more')]).toEqual(['not-made', '1']);
      const both = matched(entries, [full, contact('2', { LastName: 'Doe', ...set })]);
      expect([both.told('less'), both.told('more')]).toEqual(['2', '1']);
      const other = matched(entries, [contact('2', { LastName: 'Doe', ...set })]);
      expect([other.told('less'), other.told('more')]).toEqual(['2', 'not-made']);
    }
  });

  it('is no contact of another time', () => {
    const early = contact('1', { LastName: 'Doe' }, { createdMs: from - serverClocksMs - 1 });
    const late = contact('2', { LastName: 'Doe' }, { createdMs: until });
    expect(matched([create('a', { LastName: 'Doe' })], [early, late]).told('a')).toBe('not-made');
  });

  it('stays open beside one that another server may have made in its time by its own clock', () => {
    const early = contact('1', { LastName: 'Doe' }, { createdMs: from - serverClocksMs });
    const alone = matched([create('a', { LastName: 'Doe' })], [early]);
    expect(alone.told('a')).toBe('open');
    expect(alone.matcher.candidates('a', { LastName: 'Doe' }).map(({ id }) => id)).toEqual(['1']);
    const own = contact('2', { LastName: 'Doe' }, { createdMs: from });
    expect(matched([create('a', { LastName: 'Doe' })], [early, own]).told('a')).toBe('2');
  });

  it('is rather a living contact than a deleted one', () => {
    const deleted = contact('1', { LastName: 'Doe' }, { gone: 'deleted', createdMs: from });
    expect(
      matched([create('a', { LastName: 'Doe' })], [deleted, contact('2', { LastName: 'Doe' })]).told('a'),
    ).toBe('2');
  });

  it('stays open where its contact may be that of another that was given up', () => {
    const entries = [
      create('dropped', { LastName: 'Doe' }, { isGivenUp: true, madeFrom: from - 1_000 }),
      create('a', { LastName: 'Doe' }),
    ];
    const one = contact('1', { LastName: 'Doe' });
    expect(matched(entries, [one]).told('a')).toBe('open');
    expect(matched(entries, [one, contact('2', { LastName: 'Doe' })]).told('a')).toMatch(/^[12]$/);
    expect(matched(entries, []).told('a')).toBe('not-made');
  });

  it('is known by no value that says nothing by itself', () => {
    const changes = { LastName: 'Doe', Secret__c: 'x' };
    const { told } = matched([create('a', changes)], [contact('1', { LastName: 'Doe', Secret__c: 'x' })]);
    expect(told('a')).toBe('open');
  });
});

describe('whatever was made, changed and made beside it', () => {
  const value = fc.constantFrom('x', 'y', 'z');
  const changes = fc.record({ LastName: value, Title: value, Phone: value }, { requiredKeys: ['LastName'] });
  /**
   * What became of an entry in the org: nothing, its contact, one with a value that a colleague or trigger changed, one with
   * values that the org has filled in.
   */
  const fate = fc.constantFrom('lost', 'made', 'changed', 'deleted', 'filled');
  const history = fc.record({
    entries: fc.array(fc.record({ changes, fate, isGivenUp: fc.boolean(), at: fc.nat(3) }), { maxLength: 7 }),
    others: fc.array(fc.record({ values: changes, at: fc.nat(3) }), { maxLength: 2 }),
  });

  function played({ entries, others }: Parameters<Parameters<typeof history.map>[0]>[0]) {
    const sent = entries.map(({ changes: own, isGivenUp, at }, n) =>
      create(`k${n}`, own, { isGivenUp, madeFrom: from + at * 1_000 }),
    );
    const made = entries.flatMap(({ changes: own, fate: what, at }, n) => {
      if (what === 'lost') return [];
      const filled = what === 'filled' ? { Title: 'x', Phone: 'x' } : {};
      const values = { ...filled, ...own, ...(what === 'changed' ? { LastName: 'changed' } : {}) };
      const more = { createdMs: from + at * 1_000, gone: what === 'deleted' ? ('deleted' as const) : null };
      return [contact(`c${n}`, values, more)];
    });
    const foreign = others.map(({ values, at }, n) =>
      contact(`f${n}`, values, { createdMs: from + at * 1_000 }),
    );
    return { sent, made, foreign, ...matched(sent, [...made, ...foreign]) };
  }

  it('no contact is taken for two entries, and none for an entry of other values', () => {
    fc.assert(
      fc.property(history, (given) => {
        const { verdicts, sent } = played(given);
        const own = [...verdicts].flatMap(([key, verdict]) =>
          verdict.kind === 'made' ? [{ key, made: verdict.contact }] : [],
        );
        expect(new Set(own.map(({ made }) => made)).size).toBe(own.length);
        for (const { key, made } of own) {
          const entry = sent.find((each) => each.key === key);
          expect(made.values).toMatchObject(entry?.changes ?? {});
          expect(made.createdMs).toBeGreaterThanOrEqual(entry?.madeFrom ?? 0);
        }
      }),
    );
  });

  it('nothing is sent again beside a contact that may be it', () => {
    fc.assert(
      fc.property(history, (given) => {
        const { verdicts, sent, made } = played(given);
        const again = [...verdicts].filter(([, { kind }]) => kind === 'not-made').length;
        const held = [...verdicts].filter(([, { kind }]) => kind === 'made').length;
        const open = sent.filter(({ isGivenUp }) => isGivenUp !== true);
        const ofOpen = made.filter(({ id }) => open.some(({ key }) => key.slice(1) === id.slice(1))).length;
        // Without a contact of another's, as many are sent again at most as were lost.
        if (given.others.length === 0) expect(again).toBeLessThanOrEqual(open.length - ofOpen);
        expect(again + held).toBeLessThanOrEqual(open.length);
      }),
    );
  });

  it('all that were made as they were sent are found where nobody gave up another', () => {
    fc.assert(
      fc.property(history, ({ entries, ...given }) => {
        const kept = entries.map((entry) => ({ ...entry, isGivenUp: false }));
        const { verdicts } = played({ ...given, entries: kept, others: [] });
        const found = [...verdicts.values()].filter(({ kind }) => kind === 'made').length;
        const made = kept.filter(({ fate: what }) => what === 'made' || what === 'deleted').length;
        expect(found).toBeGreaterThanOrEqual(made);
      }),
    );
  });
});
