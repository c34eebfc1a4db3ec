import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import type { PageBody } from '../../src/sync/ports/page.ts';
import type { Queries } from '../../src/sync/ports/queries.ts';
import { retrieveIds } from '../../src/sync/read/by-ids.ts';
import { readByKey } from '../../src/sync/read/by-key.ts';
import type { RowReader } from '../../src/sync/read/row-reader.ts';
import { describeOf, storedNames } from '../store/sqlite/contact-fields.ts';
import { collectionPage, contactId, contactRow, epoch, queryPage } from '../store/sqlite/pages.ts';
import { type CanDo, inMemory } from './in-memory.ts';

const tooSlow = () => Promise.reject(new AppError('QUERY_TIMEOUT', 'Your query ran too long.'));

/** Reads into an empty mirror in memory, from an org that can do what `org` says; its waits take no time. */
async function reading(org: CanDo) {
  const { context } = inMemory(org);
  context.clock.sleep = async () => {};
  await context.mirror.schema.applyDescribe(describeOf(), epoch);
  const rows: number[] = [];
  const reader: RowReader = {
    context,
    fields: storedNames,
    took: (page) => rows.push(page.rows),
    signal: new AbortController().signal,
  };
  return { reader, rows, mirror: context.mirror };
}

const paging = (page: Queries['page']): CanDo => ({ remote: { queries: { page } as Queries } });

const pageOf = (ids: readonly string[]) =>
  collectionPage(
    storedNames,
    ids.map((id) => contactRow(numberOf(id))),
    epoch,
  );

function numberOf(id: string): number {
  for (let n = 0; n < 5_000; n++) if (contactId(n) === id) return n;
  throw new Error(`${id} is no contact of this test`);
}

/** Ends before its rows do. */
function cut(page: PageBody): PageBody {
  async function* blocks() {
    for await (const block of page.blocks) yield block.slice(0, block.length / 2);
  }
  return { ...page, blocks: blocks() };
}

describe('reading by ids', () => {
  it('asks again for a page that was cut, and moves the cursor with the whole one alone', async () => {
    const asked: number[] = [];
    const { reader, rows, mirror } = await reading({
      records: {
        retrieve: async (ids) => {
          asked.push(ids.length);
          return asked.length < 3 ? cut(pageOf(ids)) : pageOf(ids);
        },
      },
    });
    const ids = [1, 2, 3, 4].map(contactId);
    await retrieveIds(reader, ids, [{ kind: 'set-first-cursors', updated: epoch, deleted: epoch }]);
    expect(asked).toEqual([4, 4, 4]);
    expect(rows).toEqual([4]);
    expect((await mirror.contacts.counts()).contacts).toBe(4);
    expect((await mirror.journal.cursors()).updated).toBe(epoch);
  });

  it('gives up on a page that is cut every time, with nothing of it stored', async () => {
    let asked = 0;
    const { reader, mirror } = await reading({
      records: {
        retrieve: async (ids) => {
          asked++;
          return cut(pageOf(ids));
        },
      },
    });
    const reads = retrieveIds(reader, [1, 2].map(contactId), [
      { kind: 'set-first-cursors', updated: epoch, deleted: epoch },
    ]);
    await expect(reads).rejects.toMatchObject({ code: 'PAGE_INCOMPLETE' });
    expect(asked).toBe(4);
    expect((await mirror.contacts.counts()).contacts).toBe(0);
    expect((await mirror.journal.cursors()).updated).toBeNull();
  });

  it('halves what Salesforce cannot answer in time, and ends where even a few are too many', async () => {
    const asked: number[] = [];
    let most = 60;
    const { reader, mirror } = await reading({
      records: {
        retrieve: async (ids) => {
          asked.push(ids.length);
          return ids.length > most ? tooSlow() : pageOf(ids);
        },
      },
    });
    const ids = Array.from({ length: 201 }, (_, n) => contactId(n));
    await retrieveIds(reader, ids, [{ kind: 'set-first-cursors', updated: epoch, deleted: epoch }]);
    // What was asked for ahead is given up with the page that was too large.
    expect(asked).toEqual([201, 101, 100, 51, 51, 51, 48]);
    expect((await mirror.contacts.counts()).contacts).toBe(201);
    expect((await mirror.journal.cursors()).updated).toBe(epoch);
    most = 0;
    asked.length = 0;
    await expect(retrieveIds(reader, ids, [])).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' });
    expect([...new Set(asked)].filter((ids) => ids >= 50)).toEqual([201, 101, 100, 51, 50]);
  });

  it.each([
    ['a timeout of its own', new AppError('TIMEOUT', 'No answer came.')],
    ['a limit on ids', new AppError('EXCEEDED_ID_LIMIT', 'record limit reached.')],
    [
      'a failure over this request',
      new AppError('ORG_UNAVAILABLE', 'Oops.', { details: { ofRequest: true } }),
    ],
    ['a body it finds too large', new AppError('SALESFORCE_ERROR', 'No.', { details: { status: 413 } })],
  ])(
    'asks for fewer where the answer to many is %s, and no more than those for the rest',
    async (_, error) => {
      const asked: number[] = [];
      const { reader, mirror } = await reading({
        records: {
          retrieve: async (ids) => {
            asked.push(ids.length);
            if (ids.length > 600) throw error;
            return pageOf(ids);
          },
        },
      });
      const ids = Array.from({ length: 3_000 }, (_, n) => contactId(n));
      await retrieveIds(reader, ids, []);
      expect((await mirror.contacts.counts()).contacts).toBe(3_000);
      const fewer = asked.findIndex((ids) => ids <= 600);
      // Each size that is too large is asked for once, with at most two pages ahead of it.
      expect(fewer).toBeLessThanOrEqual(6);
      expect(asked.slice(fewer).every((ids) => ids <= 600)).toBe(true);
    },
  );

  it('does not take any other refusal for one of the number', async () => {
    const asked: number[] = [];
    const { reader } = await reading({
      records: {
        retrieve: async (ids) => {
          asked.push(ids.length);
          throw new AppError('INVALID_FIELD', 'No such column.');
        },
      },
    });
    const ids = Array.from({ length: 500 }, (_, n) => contactId(n));
    await expect(retrieveIds(reader, ids, [])).rejects.toMatchObject({ code: 'INVALID_FIELD' });
    expect(asked).toEqual([500]);
  });

  it('carries out what wants all records only where none is absent from any page', async () => {
    const gone = new Set<string>();
    const { reader, mirror } = await reading({
      records: {
        retrieve: async (ids) =>
          collectionPage(
            storedNames,
            ids.map((id) => (gone.has(id) ? null : contactRow(numberOf(id)))),
            epoch,
          ),
      },
    });
    const ids = Array.from({ length: 2_500 }, (_, n) => contactId(n));
    const first = [{ kind: 'set-first-cursors', updated: epoch, deleted: epoch }] as const;
    const moved = async () => (await mirror.journal.cursors()).updated !== null;
    for (const absent of [ids[0]!, ids[2_400]!]) {
      gone.clear();
      gone.add(absent);
      expect(await retrieveIds(reader, ids, first, { ifAllFound: true })).toBe(1);
      expect(await moved()).toBe(false);
    }
    gone.clear();
    expect(await retrieveIds(reader, ids, first, { ifAllFound: true })).toBe(0);
    expect(await moved()).toBe(true);
  });
});

describe('reading by key', () => {
  it('asks for smaller pages where Salesforce cannot answer in time, and ends below a hundred rows', async () => {
    let most = 200;
    const sizes: number[] = [];
    const { reader, rows, mirror } = await reading(
      paging(async (soql) => {
        const limit = Number(/LIMIT (\d+)$/.exec(soql)?.[1]);
        sizes.push(limit);
        if (limit > most) return tooSlow();
        const from = soql.includes('Id >') ? numberOf(/Id > '(\w+)'/.exec(soql)?.[1] ?? '') + 1 : 0;
        const found = Array.from({ length: Math.min(limit, 150 - from) }, (_, n) => contactRow(from + n));
        return queryPage(storedNames, found, epoch);
      }),
    );
    await readByKey(reader, []);
    expect(sizes).toEqual([2_000, 500, 125, 125]);
    expect(rows).toEqual([125, 25]);
    expect((await mirror.contacts.counts()).contacts).toBe(150);
    most = 0;
    await expect(readByKey(reader, [])).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' });
    expect(sizes.at(-1)).toBe(100);
  });

  it('ends where a page does not lead on', async () => {
    const { reader } = await reading(
      paging(async () => queryPage(storedNames, [contactRow(1)], epoch, { totalSize: 9 })),
    );
    await expect(readByKey(reader, [])).rejects.toMatchObject({ code: 'PAGING_STUCK' });
  });
});
