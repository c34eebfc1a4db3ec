import { describe, expect, it } from 'vitest';
import type { OutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import type { LostWrite, OwnWrite } from '../../src/sync/ports/own-write.ts';
import { baseNow, firstPoint, mayHaveWritten } from '../../src/sync/two-way/own-writes.ts';
import fc from '../support/properties.ts';

const contactId = '003000000000001AAA';
type Edit = Pick<OutboxEntry, 'seq' | 'op' | 'changes' | 'base' | 'baseAt'>;

/** An edit of `A` as the fifth entry, whose base was taken when two writes were done. */
const edit = (more: Partial<Edit> = {}): Edit => ({
  seq: 5,
  op: 'update',
  changes: { A: 'mine' },
  base: { A: 'there' },
  baseAt: { A: { done: 2, seq: 5, knownTo: null } },
  ...more,
});
const write = (more: Partial<OwnWrite>): OwnWrite => ({
  seq: 4,
  order: 3,
  contactId,
  isCreation: false,
  sent: { A: 'ours' },
  became: {},
  ...more,
});

describe('what an edit is based on now', () => {
  it.each<[string, Partial<OwnWrite>, unknown]>([
    ['a write that was done since', {}, 'ours'],
    ['what the org has made of it', { became: { A: 'OURS' } }, 'OURS'],
    ['a value that the org has emptied', { became: { A: null } }, null],
    ['a write that emptied the field', { sent: { A: null } }, null],
    ['none of a write that the base knows of', { order: 2 }, 'there'],
    ['none of a write that came behind the edit', { seq: 6 }, 'there'],
    ['none of a write to another field', { sent: { B: 'ours' } }, 'there'],
    ['none of a creation, whose contact was seen', { isCreation: true }, 'there'],
  ])('is %s', (_, more, expected) => {
    expect(baseNow(edit(), [write(more)])).toEqual({ A: expected });
  });

  it('is the last of several writes, in the order in which they were done', () => {
    const writes = [write({ seq: 4, order: 3, sent: { A: 'first' } }), write({ seq: 2, order: 4 })];
    expect(baseNow(edit(), writes)).toEqual({ A: 'ours' });
  });

  it('counts a field that was written anew from then on, and what it only takes along from before', () => {
    const both = edit({
      changes: { A: 'mine', B: 'mine' },
      base: { A: 'there', B: 'there' },
      baseAt: { A: { done: 2, seq: 7, knownTo: null }, B: { done: 2, seq: 5, knownTo: null } },
    });
    expect(baseNow(both, [write({ seq: 6, sent: { A: 'ours', B: 'ours' } })])).toEqual({
      A: 'ours',
      B: 'there',
    });
  });

  it('is what a creation has brought where nobody had seen the contact, and what the org has made of that', () => {
    const made = write({ isCreation: true, became: { B: 'OURS' }, sent: { A: 'ours', B: 'ours', C: 'x' } });
    const unseen = edit({ changes: { A: 'mine', B: 'mine' }, base: {}, baseAt: null });
    expect(baseNow(unseen, [made])).toEqual({ A: 'ours', B: 'OURS' });
    expect(baseNow({ ...unseen, base: { B: 'ours' } }, [made])).toEqual({ A: 'ours', B: 'OURS' });
    // Told as done behind a write to it, it still stands before that.
    const later = edit({ base: {}, baseAt: { A: { done: 2, seq: 5, knownTo: null } } });
    expect(baseNow(later, [write({ sent: { A: 'pushed' } }), { ...made, order: 9 }])).toEqual({
      A: 'pushed',
    });
  });

  it('begins with the oldest of the bases, and nowhere where none is known', () => {
    expect(
      firstPoint({
        baseAt: { A: { done: 4, seq: 5, knownTo: null }, B: { done: 2, seq: 5, knownTo: null } },
      }),
    ).toBe(2);
    expect(firstPoint({ baseAt: null })).toBe(Number.POSITIVE_INFINITY);
  });

  it('is for a delete all that was written, and nothing where it knows of nothing', () => {
    const asked = { op: 'delete', changes: {} } as const;
    const writes = [write({ sent: { A: 'ours', B: 'ours' } })];
    const baseAt = { '': { done: 2, seq: 5, knownTo: null }, B: { done: 3, seq: 5, knownTo: null } };
    expect(baseNow(edit({ ...asked, baseAt }), writes)).toEqual({ A: 'ours' });
    expect(baseNow(edit({ ...asked, baseAt, base: null }), writes)).toBeNull();
    // A creation's field that the contact did not show is none that was lost since.
    expect(baseNow(edit({ ...asked, baseAt }), [write({ isCreation: true, sent: { B: 'x' } })])).toEqual({
      A: 'there',
    });
  });

  it('never is a value that neither the program saw nor this outbox has written before', () => {
    const value = fc.constantFrom('w', 'x', 'y', 'z');
    const some = fc.dictionary(fc.constantFrom('A', 'B'), value);
    const writes = fc.array(
      fc.record({ seq: fc.nat(9), order: fc.nat(9), sent: some, became: some, isCreation: fc.boolean() }),
    );
    const property = fc.property(writes, some, fc.nat(9), fc.nat(9), (done, base, known, seq) => {
      const own = done.map((one) => write(one)).toSorted((a, b) => a.order - b.order);
      const asked = edit({
        changes: { A: 'mine', B: 'mine' },
        base,
        baseAt: { A: { done: known, seq, knownTo: null }, B: { done: known, seq, knownTo: null } },
      });
      for (const [name, now] of Object.entries(baseNow(asked, own) ?? {})) {
        const counted = own.filter((one) => one.isCreation || (one.order > known && one.seq <= seq));
        const possible = counted.flatMap(({ sent, became }) =>
          name in sent ? [name in became ? became[name] : sent[name]] : [],
        );
        expect([base[name], ...possible]).toContain(now);
        const last = counted.findLast(({ isCreation, sent }) => !isCreation && name in sent);
        if (last !== undefined) expect(now).toBe(name in last.became ? last.became[name] : last.sent[name]);
      }
    });
    fc.assert(property);
  });
});

describe('what a request without an answer may have written', () => {
  const lost = (more: Partial<LostWrite> = {}): LostWrite[] => [
    { seq: 4, contactId, values: [{ A: 'one' }, { A: 'two', B: 'b' }], overAt: null, ...more },
  ];
  const isOwn = (value: string, some = lost(), done = -1, asked = edit()) =>
    mayHaveWritten(asked, 'A', { lost: some, done, isSame: (sent) => sent === value });

  it('is any of the values that its requests have carried', () => {
    expect(['one', 'two', 'b', 'there'].map((value) => isOwn(value))).toEqual([true, true, false, false]);
  });

  it('is none of what came behind the edit, nor of what was written over since', () => {
    expect(isOwn('one', lost({ seq: 6 }))).toBe(false);
    expect(isOwn('one', lost(), 4)).toBe(false);
    expect(isOwn('one', lost(), 3)).toBe(true);
  });

  it('is none of what was over when the base was taken', () => {
    const knownTo = (ms: number) => edit({ baseAt: { A: { done: 2, seq: 5, knownTo: ms } } });
    expect(isOwn('one', lost({ overAt: 1_000 }), -1, knownTo(1_000))).toBe(false);
    expect(isOwn('one', lost({ overAt: 1_000 }), -1, knownTo(999))).toBe(true);
    expect(isOwn('one', lost(), -1, knownTo(1_001))).toBe(true);
  });

  it('is none of what came behind the field’s edit, where that goes with a later one', () => {
    const joined = edit({ baseAt: { A: { done: 2, seq: 3, knownTo: null } } });
    expect(isOwn('one', lost({ seq: 4 }), -1, joined)).toBe(false);
    expect(isOwn('one', lost({ seq: 3 }), -1, joined)).toBe(true);
  });

  it('is what the edit itself was sent with before it was edited again', () => {
    expect(isOwn('one', lost({ seq: 5 }))).toBe(true);
    expect(
      isOwn('one', lost({ seq: 5 }), -1, edit({ baseAt: { A: { done: 2, seq: 4, knownTo: null } } })),
    ).toBe(true);
  });
});
