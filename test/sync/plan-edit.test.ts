import { describe, expect, it } from 'vitest';
import { conflictPolicies } from '../../src/org/conflict-policy.ts';
import type { OutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import { surelySame } from '../../src/sync/push/values/same-value.ts';
import { type EditedContact, planEdit } from '../../src/sync/two-way/plan-edit.ts';
import { field } from '../store/sqlite/contact-fields.ts';
import fc from '../support/properties.ts';

const id = '003000000000001AAA';
const names = ['A', 'B', 'C'] as const;
const fields = new Map(names.map((name) => [name as string, field(name, 'string')]));
const rules = { fields, isSame: surelySame };

const edit = (more: Partial<OutboxEntry>): Pick<OutboxEntry, 'op' | 'changes' | 'base' | 'contactId'> => ({
  op: 'update',
  changes: {},
  base: {},
  contactId: id,
  ...more,
});
const live = (values: Record<string, unknown>, isAsMade = false): EditedContact => ({
  kind: 'live',
  id,
  values,
  isAsMade,
});

const value = fc.constantFrom<string | null>(null, 'x', 'y', 'z');
const values = fc.record({ A: value, B: value, C: value });
const changed = fc.subarray([...names], { minLength: 1 });

describe('an edit against what Salesforce has now', () => {
  it('never replaces a value that it was not based on, but where the edit is to win', () => {
    const property = fc.property(
      values,
      values,
      values,
      changed,
      fc.constantFrom(...conflictPolicies),
      (base, mine, theirs, edited, policy) => {
        const changes = Object.fromEntries(edited.map((name) => [name, mine[name]]));
        const plan = planEdit(edit({ changes, base }), live(theirs), { ...rules, policy });
        const sent: Readonly<Record<string, unknown>> = plan.kind === 'send' ? plan.changes : {};
        for (const name of edited) {
          const isTheirs = theirs[name] !== base[name] && theirs[name] !== mine[name];
          if (isTheirs && policy !== 'local-wins') expect(name in sent).toBe(false);
          if (isTheirs && policy === 'manual') expect(plan.kind).toBe('conflict');
          // What nobody else has touched goes, unless a person is to decide about the whole.
          if (!isTheirs && mine[name] !== theirs[name] && plan.kind !== 'conflict')
            expect(sent[name]).toEqual(mine[name]);
          // Each value that is lost is told.
          if (isTheirs && policy !== 'manual') {
            const lost = plan.kind === 'send' || plan.kind === 'drop' ? plan.lost : [];
            expect(lost).toContainEqual(
              policy === 'local-wins'
                ? { field: name, side: 'salesforce', value: theirs[name], by: mine[name] }
                : { field: name, side: 'local', value: mine[name], by: theirs[name] },
            );
          }
        }
        if (edited.every((name) => mine[name] === theirs[name])) expect(plan.kind).toBe('done');
      },
    );
    fc.assert(property, { numRuns: 2_000, seed: 7 });
  });

  it('of manual is decided against what was seen: as long as that stands, it goes', () => {
    const changes = { A: 'mine' };
    const plan = planEdit(edit({ changes, base: { A: 'base' } }), live({ A: 'theirs' }), {
      ...rules,
      policy: 'manual',
    });
    expect(plan).toMatchObject({ kind: 'conflict', fields: ['A'], base: { A: 'theirs' } });
    const base = plan.kind === 'conflict' ? { ...plan.base } : {};
    const again = (A: string) =>
      planEdit(edit({ changes, base }), live({ A }), { ...rules, policy: 'manual' });
    expect(again('theirs')).toMatchObject({ kind: 'send', changes });
    expect(again('later')).toMatchObject({ kind: 'conflict' });
  });

  it('of manual whose contact is gone, and has come back since it was decided, is held against what it was based on', () => {
    const changes = { A: 'mine' };
    const gone = planEdit(
      edit({ changes, base: { A: 'base' } }),
      { kind: 'gone', isStated: true },
      { ...rules, policy: 'manual' },
    );
    const base = gone.kind === 'conflict' ? { ...gone.base } : {};
    const again = (found: EditedContact) =>
      planEdit(edit({ changes, base }), found, { ...rules, policy: 'manual' }).kind;
    expect([gone.kind, again({ kind: 'gone', isStated: true })]).toEqual(['conflict', 'reject']);
    expect([again(live({ A: 'base' })), again(live({ A: 'theirs' }))]).toEqual(['send', 'conflict']);
  });

  it('that does not say what it found goes where nobody has changed the contact since it was made', () => {
    const theirs = { A: 'theirs', B: null };
    const of = (changes: Record<string, unknown>, isAsMade: boolean) =>
      conflictPolicies.map(
        (policy) => planEdit(edit({ changes }), live(theirs, isAsMade), { ...rules, policy }).kind,
      );
    const removed = (isAsMade: boolean) =>
      conflictPolicies.map(
        (policy) =>
          planEdit(edit({ op: 'delete', base: null }), live(theirs, isAsMade), { ...rules, policy }).kind,
      );
    expect(of({ A: 'mine' }, true)).toEqual(['send', 'send', 'send']);
    expect(of({ A: 'mine' }, false)).toEqual(['drop', 'send', 'conflict']);
    // Where Salesforce has nothing either, nothing is lost.
    expect(of({ B: 'mine' }, false)).toEqual(['send', 'send', 'send']);
    expect([removed(true), removed(false)]).toEqual([
      ['send', 'send', 'send'],
      ['drop', 'send', 'conflict'],
    ]);
  });

  it('of a field that the org does not show any more goes as it is: Salesforce says what is wrong', () => {
    const plan = planEdit(edit({ changes: { A: 'mine' }, base: { A: 'base' } }), live({}), {
      ...rules,
      policy: 'manual',
    });
    expect(plan).toMatchObject({ kind: 'send', changes: { A: 'mine' } });
  });

  it('that deletes goes only where nobody has changed what it was to delete', () => {
    const remove = edit({ op: 'delete', base: { A: 'a' } });
    const of = (found: EditedContact, policy: (typeof conflictPolicies)[number]) =>
      planEdit(remove, found, { ...rules, policy }).kind;
    for (const policy of conflictPolicies) {
      expect(of(live({ A: 'a', B: null }), policy)).toBe('send');
      expect(of({ kind: 'gone', isStated: true }, policy)).toBe('done');
      expect(of({ kind: 'gone', isStated: false }, policy)).toBe('reject');
    }
    const theirs = live({ A: 'a', B: 'new' });
    expect(conflictPolicies.map((policy) => of(theirs, policy))).toEqual(['drop', 'send', 'conflict']);
    const merged: EditedContact = { kind: 'merged', id: '003000000000002AAA', values: { A: 'a' } };
    expect(conflictPolicies.map((policy) => of(merged, policy))).toEqual(['drop', 'reject', 'conflict']);
  });

  it('is based on what is there where the base is off by what an old SQLite is off', () => {
    const number = new Map([['A', field('A', 'double', { precision: 18, scale: 15 })]]);
    const now = live({ A: 52.520006599999995 });
    const based = (base: unknown, more: Partial<OutboxEntry> = {}) =>
      planEdit(edit({ changes: { A: 1 }, base: { A: base }, ...more }), now, {
        fields: number,
        isSame: surelySame,
        policy: 'salesforce-wins',
      }).kind;
    for (const base of [52.520006599999995, 52.52000660000001, 52.52000659999998]) {
      expect([base, based(base), based(base, { op: 'delete', changes: {} })]).toEqual([base, 'send', 'send']);
    }
    for (const base of [52.52000660001, 52.52, null, -52.520006599999995, 0]) {
      expect([base, based(base), based(base, { op: 'delete', changes: {} })]).toEqual([base, 'drop', 'drop']);
    }
    const none = planEdit(edit({ changes: { A: 1 }, base: { A: 0 } }), live({ A: null }), {
      fields: number,
      isSame: surelySame,
      policy: 'salesforce-wins',
    });
    expect(none.kind).toBe('drop');
  });
});
