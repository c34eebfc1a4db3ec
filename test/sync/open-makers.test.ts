import { describe, expect, it } from 'vitest';
import type { Doubt } from '../../src/sync/ports/doubt.ts';
import type { OpenCreation } from '../../src/sync/ports/outbox-entry.ts';
import { openMakers } from '../../src/sync/push/entry/open-makers.ts';
import { freshDoubt } from '../../src/sync/push/settle/fresh-doubt.ts';
import fc from '../support/properties.ts';

const me = '005000000000001AAA';
const other = '005000000000002AAA';
const epoch = Date.UTC(2026, 2, 4, 10, 0, 5);
const second = 1_000;

type Creation = Partial<Omit<OpenCreation, 'doubt'>> & { doubt?: Partial<Doubt> };
type Contact = { by?: string; at?: number | null };

/** Contacts that this user made at `epoch` unless told, by their Ids. */
function mirrorOf(creations: Creation[], contacts: Record<string, Contact>, made: string[] = []) {
  const asked: string[] = [];
  const values = (field: string, { by = me, at = epoch }: Contact) =>
    field === 'CreatedById' ? by : at === null ? undefined : new Date(at).toISOString();
  const mirror = {
    outbox: {
      openCreations: async () =>
        creations.map(({ doubt, ...creation }, at) => ({
          contactKey: `k${at}`,
          sentBy: me,
          sentOrgAt: epoch,
          doubt: doubt === undefined ? null : { ...freshDoubt({}), ...doubt },
          ...creation,
        })),
      accountedFor: async (ids: readonly string[]) => ({
        made: ids.filter((id) => made.includes(id)),
        maybe: [],
      }),
    },
    contacts: {
      valuesOf: async (field: string, ids: readonly string[]) => {
        asked.push(field);
        const known = ids.map((id) => [id, values(field, contacts[id] ?? {})] as const);
        return new Map(known.flatMap(([id, value]) => (value === undefined ? [] : [[id, value] as const])));
      },
    },
  };
  return { mirror: mirror as unknown as Parameters<typeof openMakers>[0], asked };
}

const told = async (creations: Creation[], contact: Contact, made: string[] = []) =>
  (await openMakers(mirrorOf(creations, { a: contact }, made).mirror, new Set(['a']))).get('a') ?? null;

describe('a creation whose answer never came may have made a contact', () => {
  it.each<[string, Creation, Contact, boolean]>([
    ['of its user, made in its second', { sentOrgAt: epoch + 900 }, {}, true],
    ['by a server whose clock is behind', {}, { at: epoch - 10 * second }, true],
    ['that was made before', {}, { at: epoch - 11 * second }, false],
    ['that was made long after, while nobody has asked', {}, { at: epoch + 1e9 }, true],
    [
      'that was made when all was committed',
      { doubt: { madeBefore: epoch + second } },
      { at: epoch + second },
      false,
    ],
    ['that was made before all was committed', { doubt: { madeBefore: epoch + second } }, {}, true],
    ['of another user', {}, { by: other }, false],
    ['of its user by the short Id', { sentBy: me.slice(0, 15) }, {}, true],
    ['whose time is not kept', {}, { at: null }, false],
    ['where nobody knows as whom it was sent', { sentBy: null }, {}, false],
    ['where nobody knows when it was sent', { sentOrgAt: null }, {}, false],
    ['where the clock of the org went back', { doubt: { isTimeUnsure: true } }, {}, false],
  ])('%s', async (_, creation, contact, isTold) => {
    expect(await told([creation], contact)).toBe(isTold ? 'k0' : null);
  });

  it('but none that another entry has made', async () => {
    expect(await told([{}], {}, ['a'])).toBeNull();
  });

  it('which no contact is read for where there is no such creation', async () => {
    const { mirror, asked } = mirrorOf([], { a: {} });
    expect(await openMakers(mirror, new Set(['a']))).toEqual(new Map());
    expect(asked).toEqual([]);
  });

  it('the first of many that may have', async () => {
    const at = fc.integer({ min: 0, max: 60 }).map((n) => epoch + n * second);
    const creation = fc.record({ sentOrgAt: at, before: fc.option(at), sentBy: fc.constantFrom(me, other) });
    await fc.assert(
      fc.asyncProperty(fc.array(creation, { maxLength: 12 }), at, async (drawn, madeAt) => {
        const creations = drawn.map(({ before, ...rest }) => ({ ...rest, doubt: { madeBefore: before } }));
        const may = creations.flatMap(({ sentBy, sentOrgAt, doubt: { madeBefore } }, n) =>
          sentBy === me && sentOrgAt - 10 * second <= madeAt && (madeBefore === null || madeAt < madeBefore)
            ? [`k${n}`]
            : [],
        );
        const maker = await told(creations, { at: madeAt });
        expect(maker).toBe(may[0] ?? null);
      }),
    );
  });
});
