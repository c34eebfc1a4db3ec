import { describe, expect, it } from 'vitest';
import type { Field } from '../../src/sync/ports/field.ts';
import type { OutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import { doubtVerdict, type FoundContact } from '../../src/sync/push/settle/doubt-verdict.ts';
import { externalIdName } from '../../src/sync/push/values/external-id-name.ts';
import { sameValue, surelySame } from '../../src/sync/push/values/same-value.ts';

const id = '003000000000001AAA';
const sentAt = Date.UTC(2026, 0, 2, 12, 0, 5, 300);
const before = sentAt - 180_000;
/** What a clock of the org that is behind may give to a change since. */
const shortlyBefore = sentAt - 90_000;
const after = sentAt + 60_000;
const userId = '005000000000001AAA';
const sameSecond = Math.floor(sentAt / 1_000) * 1_000;

function entry(more: Partial<OutboxEntry>): OutboxEntry {
  return {
    seq: 1,
    key: 'k',
    op: 'update',
    local: false,
    contactKey: id,
    contactId: id,
    changes: { Title: 'Ours' },
    base: null,
    baseAt: null,
    firstBase: null,
    found: null,
    state: 'in-doubt',
    job: null,
    way: 'collection',
    api: null,
    upsertField: null,
    allowDuplicates: false,
    atomicGroup: null,
    attempts: 1,
    errors: [],
    createdAt: 0,
    sentAt,
    sentOrgAt: sentAt,
    sentBy: null,
    doubt: null,
    knownBefore: null,
    settledAt: null,
    readBackDue: false,
    created: null,
    ...more,
  };
}

const live = (values: Record<string, unknown>, stampMs: number, createdMs = before): FoundContact => ({
  kind: 'live',
  id,
  stampMs,
  createdMs,
  values,
});
const gone = (id: string | null, createdMs: number | null = null) =>
  ({ kind: 'gone', id, createdMs, isStated: true }) as const;
const knownIn = (ms: number) => ({ stamp: new Date(ms).toISOString(), values: {} });
const typed = (type: string, more: Partial<Field> = {}) => ({ type, scale: 0, ...more }) as Field;
const fields = new Map([
  ['Title', typed('string')],
  ['Email', typed('email')],
]);
const kindOf = (own: Partial<OutboxEntry>, found: FoundContact) =>
  doubtVerdict(entry(own), found, fields, null).kind;

describe('what a contact tells of a write whose answer never came', () => {
  it.each<[string, Partial<OutboxEntry>, FoundContact, string]>([
    ['as it was to be', {}, live({ Title: 'Ours' }, after), 'as-sent'],
    ['not touched since before the request', {}, live({ Title: 'Old' }, before), 'untouched'],
    ['changed since', {}, live({ Title: 'Theirs' }, after), 'changed'],
    [
      'changed by somebody shortly before the request',
      {},
      live({ Title: 'Theirs' }, shortlyBefore),
      'changed',
    ],
    [
      'changed shortly before the request, as the mirror knew',
      { knownBefore: knownIn(shortlyBefore) },
      live({ Title: 'Old' }, shortlyBefore),
      'untouched',
    ],
    [
      'changed by the sender shortly before the request',
      { sentBy: userId },
      live({ Title: 'Old', LastModifiedById: userId }, shortlyBefore),
      'untouched',
    ],
    [
      'changed by another than the sender shortly before the request',
      { sentBy: userId },
      live({ Title: 'Old', LastModifiedById: '005000000000002AAA' }, shortlyBefore),
      'changed',
    ],
    [
      'as it was to be but for its form, with a stamp of shortly before',
      {},
      live({ Title: 'Ours\u00a0' }, shortlyBefore),
      'untouched',
    ],
    [
      'changed within the very second of the request, where nothing was known before',
      {},
      live({ Title: 'Theirs' }, sameSecond),
      'changed',
    ],
    [
      'changed by the same login within the very second of the request',
      { sentBy: userId },
      live({ Title: 'Theirs', LastModifiedById: userId }, sameSecond),
      'changed',
    ],
    [
      'as it was before, with a stamp of the very second',
      { knownBefore: { stamp: null, values: { Title: 'Old' } } },
      live({ Title: 'Old' }, sameSecond),
      'untouched',
    ],
    [
      'as it was before in this field, and changed in another',
      { knownBefore: { stamp: null, values: { Title: 'Old' } } },
      live({ Title: 'Old', Phone: 'new' }, after),
      'untouched',
    ],
    [
      'known before in one of two fields only',
      {
        changes: { Title: 'Ours', Email: 'a@b.example' },
        knownBefore: { stamp: null, values: { Title: 'Old' } },
      },
      live({ Title: 'Old', Email: null }, after),
      'changed',
    ],
    ['sent at a time that nobody knows', { sentOrgAt: null }, live({ Title: 'Old' }, before), 'changed'],
    [
      'nested values, which say nothing, touched since',
      { changes: { Owner: { X: 1 } } },
      live({}, after),
      'changed',
    ],
    ['gone', {}, gone(id), 'changed'],
  ])('an update finds it %s', (_, own, found, verdict) => {
    expect(kindOf(own, found)).toBe(verdict);
  });

  it.each<[string, Partial<OutboxEntry>, FoundContact, string]>([
    ['gone', {}, gone(id), 'as-sent'],
    ['neither shown nor said to be deleted', {}, { ...gone(id), isStated: false }, 'untouched'],
    ['untouched', {}, live({}, before), 'untouched'],
    ['restored since', {}, live({}, after), 'changed'],
    ['restored by a clock that is behind', {}, live({}, shortlyBefore), 'changed'],
    [
      'with the stamp of shortly before that the mirror knew',
      { knownBefore: knownIn(shortlyBefore) },
      live({}, shortlyBefore),
      'untouched',
    ],
    ['stamped in the very second', {}, live({}, sameSecond), 'changed'],
    [
      'stamped in the very second, as the mirror knew it',
      { sentBy: userId, knownBefore: knownIn(sameSecond) },
      live({ LastModifiedById: userId }, sameSecond),
      'untouched',
    ],
    [
      'restored by another in the very second of a stamp that the mirror knew',
      { sentBy: userId, knownBefore: knownIn(sameSecond) },
      live({ LastModifiedById: '005000000000002AAA' }, sameSecond),
      'changed',
    ],
    [
      'with a stamp that the mirror knew, where the time of the request was not',
      { sentOrgAt: null, knownBefore: knownIn(sameSecond) },
      live({ LastModifiedById: '005000000000002AAA' }, sameSecond),
      'untouched',
    ],
  ])('a delete finds it %s', (_, own, found, verdict) => {
    expect(kindOf({ op: 'delete', changes: {}, ...own }, found)).toBe(verdict);
  });

  const upsert = {
    op: 'create',
    contactId: null,
    upsertField: 'Ext__c',
    changes: { Ext__c: 'X', Title: 'Ours' },
  } as const;
  it.each<[string, FoundContact, string]>([
    ['nobody', gone(null), 'untouched'],
    ['one that was deleted long ago', gone(id, before), 'untouched'],
    ['one that was made by a clock that is behind, and deleted', gone(id, shortlyBefore), 'changed'],
    ['one that was made since and deleted', gone(id, after), 'changed'],
    ['one as it was to be, written otherwise', live({ Ext__c: 'x', Title: ' Ours' }, after), 'as-sent'],
    ['one that somebody changed', live({ Ext__c: 'x', Title: 'Theirs' }, after), 'changed'],
    ['one from before', live({ Ext__c: 'x', Title: 'Old' }, before), 'untouched'],
    ['one from before, kept otherwise', live({ Ext__c: 'x', Title: 'Ours\u00a0' }, before), 'untouched'],
    [
      'one that was written since, kept otherwise',
      live({ Ext__c: 'x', Title: 'Ours\u00a0' }, after),
      'as-sent',
    ],
  ])('an upsert finds %s', (_, found, verdict) => {
    expect(kindOf(upsert, found)).toBe(verdict);
  });

  it('names all fields that are not as sent, and which of them are as before: they may have been set back', () => {
    const changes = { Title: 'Ours', Email: 'ours@example.com' };
    const base = { Title: 'Old', Email: 'old@example.com' };
    const told = (own: Partial<OutboxEntry>) =>
      doubtVerdict(entry({ changes, ...own }), live({ ...base, Title: 'Theirs' }, after), fields, null);
    const stamp = new Date(before).toISOString();
    for (const own of [{ base }, { knownBefore: { stamp, values: base } }])
      expect(told(own)).toMatchObject({
        fields: ['Title', 'Email'],
        message: expect.stringContaining(
          'Title is "Theirs" and was to be "Ours"; Email is "old@example.com", as before, and was to be "ours@example.com".',
        ),
      });
    expect(told({})).toMatchObject({ message: expect.not.stringContaining('as before') });
  });

  it('says so where nobody can tell whether a masked field is as it was to be', () => {
    const masked = new Map([['Secret__c', typed('encryptedstring')]]);
    const verdict = doubtVerdict(
      entry({ changes: { Secret__c: 's' } }),
      live({ Secret__c: '****' }, after),
      masked,
      null,
    );
    expect(verdict).toMatchObject({
      kind: 'changed',
      message:
        'The contact was changed in Salesforce after it was sent, and nobody can tell whether Secret__c is as it was to be.',
    });
  });

  describe.each([
    ['masked', { Title: 'Ours', Secret__c: 's' }, { Secret__c: '****' }],
    ['not shown', { Title: 'Ours', Secret__c: 's' }, {}],
    ['a parent', { Title: 'Ours', Secret__c: { Ext__c: 'x' } }, {}],
  ])(
    'a value that tells nothing by itself (%s), beside one that is as it was to be',
    (_, changes, values) => {
      const masked = new Map([...fields, ['Secret__c', typed('encryptedstring')] as const]);
      const told = (own: Partial<OutboxEntry>, stampMs = after, createdMs = before) =>
        doubtVerdict(
          entry({ changes, ...own }),
          live({ Title: 'Ours', ...values }, stampMs, createdMs),
          masked,
          null,
        );
      const stamp = new Date(before).toISOString();

      it('is not told by one that was so before, or of which nobody knows how it was', () => {
        const conflict = {
          kind: 'changed',
          fields: ['Secret__c'],
          message:
            'The contact was changed in Salesforce after it was sent, and nobody can tell whether Secret__c is as it was to be.',
        };
        for (const secret of ['****', null]) {
          const known = { Title: 'Ours ', Secret__c: secret };
          for (const own of [{}, { base: known }, { knownBefore: { stamp, values: known } }])
            expect(told(own)).toEqual({ ...conflict, id });
        }
      });

      it('is told by one that was not so before', () => {
        const known = { Title: 'Old' };
        for (const own of [{ base: known }, { knownBefore: { stamp, values: known } }])
          expect(told(own)).toEqual({ kind: 'as-sent', id, created: false });
        expect(told({ ...upsert, changes: { ...changes, Ext__c: 'X' } }, after, after)).toMatchObject({
          kind: 'as-sent',
          created: true,
        });
      });

      it('is sent again where nobody has changed the contact since', () => {
        expect(told({}, before)).toEqual({ kind: 'untouched' });
      });
    },
  );

  it('names what is not as sent and what nobody can tell', () => {
    const changes = { Title: 'Ours', Secret__c: 's', Email: 'x@example.com' };
    expect(doubtVerdict(entry({ changes }), live({ Title: 'Theirs' }, after), fields, null)).toMatchObject({
      fields: ['Title', 'Secret__c', 'Email'],
      message: expect.stringContaining(
        'sent: Title is "Theirs" and was to be "Ours", and nobody can tell whether Secret__c and Email are as they were to be.',
      ),
    });
  });

  it('an upsert tells whether the contact is new', () => {
    const found = (createdMs: number) => live({ Title: 'Ours' }, after, createdMs);
    expect(doubtVerdict(entry(upsert), found(after), fields, null)).toMatchObject({ created: true });
    expect(doubtVerdict(entry(upsert), found(before), fields, null)).toMatchObject({ created: false });
  });
});

describe('two values of a field', () => {
  it.each<[string, Partial<Field>, unknown, unknown, boolean]>([
    ['string', {}, ' a\r\nb ', 'a\nb', true],
    ['string', {}, '', null, true],
    ['string', {}, '\u0001 a\u001f', 'a', true],
    ['multipicklist', {}, 'B\u0001;A', 'a;b', true],
    ['string', {}, 'A', 'a', false],
    ['email', {}, 'A@B.example', 'a@b.example', true],
    ['boolean', {}, true, 1, true],
    ['boolean', {}, null, false, true],
    ['double', { scale: 2 }, '12.345', 12.35, true],
    ['double', { scale: 2 }, '12.50', 12.5, true],
    ['double', { scale: 0 }, '900719925474099312', '900719925474099313', false],
    ['datetime', {}, '2026-01-31T12:00:00+01:00', '2026-01-31T11:00:00.000+0000', true],
    ['date', {}, '2026-01-31', '2026-01-31T00:00:00.000Z', true],
    ['reference', {}, '001000000000001', '001000000000001AAA', true],
    ['multipicklist', {}, 'B; A', 'a;b', true],
    ['picklist', {}, 'hot', 'Hot', true],
  ])('of type %s %o: %j and %j', (type, more, a, b, same) => {
    expect(sameValue(a, b, typed(type, more))).toBe(same);
  });
});

describe('two values of which Salesforce surely keeps the same', () => {
  const defined = { picklistValues: ['Hot', 'Cold'] };
  it.each<[string, Partial<Field>, unknown, unknown, boolean]>([
    ['string', {}, ' a\r\nb\t', 'a\nb', true],
    ['string', {}, ' ', null, true],
    ['string', {}, 'a\u00a0', 'a', false],
    ['string', {}, '\u00a0', null, false],
    ['phone', {}, 12, '12', true],
    ['email', {}, 'A@B.example', 'a@b.example', true],
    ['double', { scale: 2 }, '12.50', 12.5, true],
    ['reference', {}, '001000000000001', '001000000000001AAA', true],
    ['boolean', {}, 1, 'true', true],
    ['picklist', defined, 'hot', 'Hot', true],
    ['picklist', defined, 'warm', 'Warm', false],
    ['multipicklist', defined, 'cold; hot', 'Hot;Cold', true],
    ['multipicklist', defined, 'warm;hot', 'Hot;Warm', false],
    ['combobox', {}, 'warm', 'Warm', false],
  ])('of type %s %o: %j and %j', (type, more, a, b, same) => {
    expect(surelySame(a, b, typed(type, more))).toBe(same);
  });
});

describe('values of an external id', () => {
  const name = (type: string, value: unknown, caseSensitive = false) =>
    externalIdName({ name: 'X', type, caseSensitive }, value);
  it('are one as Salesforce takes them for one', () => {
    expect(name('string', 'Ab')).toBe(name('string', ' aB '));
    expect(name('string', 'Ab', true)).not.toBe(name('string', 'aB', true));
    expect(name('double', 1_000)).toBe(name('double', '1e3'));
    expect(name('double', '9007199254740993')).not.toBe(name('double', '9007199254740992'));
    expect(name('string', '01')).not.toBe(name('string', '1'));
    expect([name('string', null), name('string', ' ')]).toEqual([null, null]);
  });
});
