import { describe, expect, it } from 'vitest';
import { assertNotInFuture, futureMs } from '../../src/sync/future-cursor.ts';
import { describeOf, storedNames } from '../store/sqlite/contact-fields.ts';
import { contactRow, csvPage } from '../store/sqlite/pages.ts';
import { inMemory, startOfTest as now } from './in-memory.ts';

const told = (orgTime = now) =>
  inMemory({ remote: { clock: { now: () => orgTime, told: () => orgTime } } }).context;

describe('a mirror that is ahead of its org', () => {
  it.each(['updated', 'deleted'] as const)(
    'by its cursor %s is an error that names both times',
    async (name) => {
      const context = told();
      const cursor = now + futureMs + 1;
      await context.mirror.commit({ effects: [{ kind: 'move-cursors', to: { [name]: cursor } }] });
      await expect(assertNotInFuture(context)).rejects.toMatchObject({
        code: 'CURSOR_IN_FUTURE',
        details: { cursor: new Date(cursor).toISOString(), orgTime: new Date(now).toISOString() },
      });
    },
  );

  it('by the time of a reading is one too', async () => {
    const context = told();
    await context.mirror.schema.applyDescribe(describeOf(), now);
    await context.mirror.commit({ page: csvPage(storedNames, [contactRow(1)], now + futureMs + 1) });
    await expect(assertNotInFuture(context)).rejects.toMatchObject({ code: 'CURSOR_IN_FUTURE' });
  });

  it('by as much as the servers of an org differ is none, nor is an empty one', async () => {
    const context = told();
    await assertNotInFuture(context);
    await context.mirror.commit({
      effects: [{ kind: 'set-first-cursors', updated: now + futureMs, deleted: now }],
    });
    await assertNotInFuture(context);
  });
});
