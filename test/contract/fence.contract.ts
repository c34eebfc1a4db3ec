import { describe, expect, test } from 'vitest';
import type { Mirror } from '../../src/sync/ports/mirror.ts';
import type { PageBody } from '../../src/sync/ports/page.ts';
import type { StoredMirror } from '../../src/sync/ports/stored-mirror.ts';
import { describeOf, storedNames } from '../store/sqlite/contact-fields.ts';
import { contactId, contactRow, csvPage, epoch, stampOf } from '../store/sqlite/pages.ts';
import { heldLease } from '../support/leases.ts';
import { newEntry } from './new-entry.ts';

export interface UnleasedMirror extends AsyncDisposable {
  /** Opened without a lease. */
  mirror: StoredMirror;
}

const brake = { deletes: 10, edits: 10, editsShare: 1 };

/** What each kind of write does to a mirror that is described and has one pending entry, `waiting`. */
const work: Record<string, (mirror: Mirror, waiting: string) => Promise<unknown>> = {
  'a page': (mirror) => mirror.commit({ page: csvPage(storedNames, [contactRow(1)], epoch) }),
  tombstones: (mirror) =>
    mirror.commit({
      tombstones: [
        {
          id: contactId(2),
          gone: 'deleted',
          masterRecordId: null,
          systemModstamp: stampOf(2),
          evidenceAt: epoch,
        },
      ],
    }),
  cursors: (mirror) => mirror.commit({ effects: [{ kind: 'move-cursors', to: { updated: epoch + 1 } }] }),
  'first cursors': (mirror) =>
    mirror.commit({ effects: [{ kind: 'set-first-cursors', updated: epoch, deleted: epoch }] }),
  'a sending': (mirror, waiting) => mirror.outbox.markSent([waiting], 'collection', epoch),
  'an outcome': (mirror, waiting) =>
    mirror.outbox.settle([{ key: waiting, state: 'in-doubt', errors: [], at: epoch }]),
};

/** What goes through without a lease. */
const free: Record<string, (mirror: StoredMirror, waiting: string) => Promise<unknown>> = {
  identity: (mirror) =>
    mirror.setIdentity({
      orgId: '00D000000000001AAA',
      userId: '005000000000001AAA',
      instanceUrl: 'https://a',
    }),
  fields: (mirror) => mirror.schema.applyDescribe(describeOf(), epoch + 1),
  'a run': async (mirror) => {
    const runId = await mirror.journal.startRun('push', epoch, {});
    const step = { name: 'push', startedAt: epoch, finishedAt: epoch, counts: {}, note: null };
    await mirror.commit({ effects: [{ kind: 'add-step', runId, step }] });
  },
  'a queued entry': (mirror) => mirror.outbox.add([newEntry()]),
  'a push': async (mirror) => {
    await using staging = await mirror.outbox.openStaging();
    await staging.commit(brake, { now: epoch, since: null });
  },
  'a decision': (mirror, waiting) => mirror.outbox.move([waiting], ['pending'], 'dropped', epoch),
};

async function contents(mirror: StoredMirror): Promise<unknown> {
  return {
    identity: await mirror.identity(),
    fields: (await mirror.schema.fields()).length,
    described: await mirror.schema.describedAt(),
    counts: await mirror.contacts.counts(),
    cursors: await mirror.journal.cursors(),
    runs: (await mirror.journal.runs({ limit: 9 })).length,
    outbox: (await mirror.outbox.list()).map(({ key, state }) => [key, state]),
  };
}

/** That whoever lost a lease stores nothing, whichever store stands behind the port. */
export function fenceContract(name: string, open: () => Promise<UnleasedMirror>): void {
  async function prepared(): Promise<UnleasedMirror & { waiting: string }> {
    const opened = await open();
    const entry = newEntry();
    await opened.mirror.schema.applyDescribe(describeOf(), epoch);
    await opened.mirror.outbox.add([entry]);
    return { ...opened, waiting: entry.key, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
  }

  describe(`${name}: the fence`, () => {
    test.each(Object.entries(work))('%s is stored under a lease only', async (_what, write) => {
      await using opened = await prepared();
      const { mirror, waiting } = opened;
      const before = await contents(mirror);
      await expect(write(mirror, waiting)).rejects.toThrow('needs a mirror that was opened under a lease');
      expect(await contents(mirror)).toEqual(before);
      await write(await mirror.under(heldLease()), waiting);
      expect(await contents(mirror)).not.toEqual(before);
    });

    test.each(Object.entries(free))('%s is stored without a lease too', async (_what, write) => {
      await using opened = await prepared();
      const before = await contents(opened.mirror);
      await write(opened.mirror, opened.waiting);
      if (_what !== 'a push') expect(await contents(opened.mirror)).not.toEqual(before);
    });

    test.each([...Object.entries(work), ...Object.entries(free)])(
      '%s of a holder that lost its lease is not stored',
      async (_what, write) => {
        await using opened = await prepared();
        const { mirror, waiting } = opened;
        const lost = (await mirror.under(heldLease('org', 7))) as StoredMirror;
        const next = (await mirror.under(heldLease('org', 8))) as StoredMirror;
        const before = await contents(mirror);
        await expect(write(lost, waiting)).rejects.toMatchObject({
          code: 'LEASE_LOST',
          details: { lease: 'org', fence: 7, seen: 8 },
        });
        expect(await contents(mirror)).toEqual(before);
        await write(next, waiting);
        await expect(write(lost, waiting)).rejects.toMatchObject({ code: 'LEASE_LOST' });
      },
    );

    test('a page that was on its way when the lease was lost is not stored', async () => {
      await using opened = await prepared();
      const { mirror } = opened;
      const lost = await mirror.under(heldLease('org', 7));
      const page = csvPage(storedNames, [contactRow(1)], epoch);
      const half = Promise.withResolvers<void>();
      const taken = Promise.withResolvers<void>();
      const slow: PageBody = {
        ...page,
        blocks: (async function* () {
          half.resolve();
          await taken.promise;
          yield* page.blocks;
        })(),
      };
      const storing = lost.commit({
        page: slow,
        effects: [{ kind: 'move-cursors', to: { updated: epoch } }],
      });
      const end = expect(storing).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await half.promise;
      await mirror.under(heldLease('org', 8));
      taken.resolve();
      await end;
      expect(await mirror.contacts.counts()).toEqual({ contacts: 0, deleted: 0 });
      expect(await mirror.journal.cursors()).toEqual({ updated: null, deleted: null });
    });

    test('work under two leases ends with either of them, and that of another name is none of it', async () => {
      await using opened = await prepared();
      const { mirror } = opened;
      const org = await mirror.under(heldLease('org', 5));
      const both = await org.under(heldLease('outbox', 3));
      await mirror.under(heldLease('other', 9));
      await both.commit({ effects: [{ kind: 'move-cursors', to: { updated: epoch } }] });
      await mirror.under(heldLease('outbox', 4));
      const move = (to: number) => ({ effects: [{ kind: 'move-cursors', to: { updated: to } }] }) as const;
      await expect(both.commit(move(epoch + 1))).rejects.toMatchObject({ details: { lease: 'outbox' } });
      await org.commit(move(epoch + 2));
      await mirror.under(heldLease('org', 6));
      await expect(org.commit(move(epoch + 3))).rejects.toMatchObject({ details: { lease: 'org' } });
      expect((await mirror.journal.cursors()).updated).toBe(epoch + 2);
    });

    test('a holder that was overtaken before it began cannot begin', async () => {
      await using opened = await prepared();
      const { mirror } = opened;
      expect(await mirror.fenceOf('org')).toBe(0);
      await mirror.under(heldLease('org', 8));
      await expect(mirror.under(heldLease('org', 7))).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(await mirror.fenceOf('org')).toBe(8);
      await mirror.under(heldLease('org', 9));
      expect(await mirror.fenceOf('org')).toBe(9);
      expect(await mirror.fenceOf('outbox')).toBe(0);
    });
  });
}
