import { describe, expect, test } from 'vitest';
import type { ContactReader } from '../../src/sync/ports/contact-reader.ts';
import type { Effect } from '../../src/sync/ports/effect.ts';
import type { Mirror } from '../../src/sync/ports/mirror.ts';
import type { NewOutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import { describeOf, storedNames } from '../store/sqlite/contact-fields.ts';
import { contactId, contactRow, csvPage, epoch, stampOf } from '../store/sqlite/pages.ts';
import { heldLease } from '../support/leases.ts';
import { rowsRead } from '../support/rows-read.ts';
import type { OpenedMirrors } from './mirrors.contract.ts';
import { newEntry } from './new-entry.ts';

const org = 'https://a.example';

const burial = {
  gone: 'deleted',
  masterRecordId: null,
  systemModstamp: stampOf(60),
  evidenceAt: epoch + 60_000,
} as const;

interface Filled extends AsyncDisposable {
  mirror: Mirror;
  read(): Promise<ContactReader>;
}

/**
 * By which key a contact goes that a push has made: one that is shown never changes. `open` gives an installation of its own
 * without a mirror.
 */
export function contactKeysContract(name: string, open: () => Promise<OpenedMirrors>): void {
  /** With the contacts 1 to 4. */
  async function filled(): Promise<Filled> {
    const opened = await open();
    const mirror = await opened.mirrors.open(org, { create: true, lease: heldLease() });
    await mirror.schema.applyDescribe(describeOf(), epoch);
    const filled: Filled = {
      mirror,
      read: () => opened.mirrors.read(org),
      async [Symbol.asyncDispose]() {
        await mirror[Symbol.asyncDispose]();
        await opened[Symbol.asyncDispose]();
      },
    };
    await pull(filled, [1, 2, 3, 4]);
    return filled;
  }

  /** A push that has made the contact with this number, or met it, and is told so. */
  const told = async ({ mirror }: Filled, n: number, more: Partial<NewOutboxEntry> = {}, created = true) => {
    const entry = newEntry(more);
    await mirror.outbox.add([entry]);
    await mirror.outbox.settle([
      { key: entry.key, state: 'done', contactId: contactId(n), created, at: epoch },
    ]);
    return entry;
  };
  const pull = ({ mirror }: Filled, ns: readonly number[], effects: Effect[] = []) =>
    mirror.commit({
      page: csvPage(
        storedNames,
        ns.map((n) => contactRow(n)),
        epoch + 1_000,
      ),
      effects,
    });
  const readBack = (keys: string[]): Effect => ({ kind: 'confirm-read-back', keys });
  const keysOf = async (opened: Filled, ...ns: number[]) => {
    await using reader = await opened.read();
    return Promise.all(ns.map(async (n) => (await reader.show(contactId(n)))?.key));
  };
  const keyInOutbox = async ({ mirror }: Filled, key: string) =>
    (await mirror.outbox.list({ keys: [key] }))[0]?.contactKey;

  describe(`${name}: the key of a pushed contact`, () => {
    test('shows a pushed contact by the key that it had before Salesforce knew it', async () => {
      await using opened = await filled();
      const { key } = await told(opened, 5);
      await pull(opened, [5], [readBack([key])]);
      await pull(opened, [5]);
      await using reader = await opened.read();
      expect((await reader.show(key))?.row[0]).toBe(contactId(5));
      expect((await reader.show(contactId(5)))?.key).toBe(key);
      const listing = await reader.list({ limit: 9, deleted: false, fields: ['_key'] });
      expect((await rowsRead(listing.batches())).flat()).toContain(key);
      expect(await keyInOutbox(opened, key)).toBe(key);
    });

    test('shows a pushed contact by its key from the first on, also where a pull brings it before', async () => {
      await using opened = await filled();
      const entries = [await told(opened, 5), await told(opened, 6), await told(opened, 7)];
      const [first, second, third] = entries.map(({ key }) => key) as [string, string, string];
      await pull(opened, [1, 5, 8]);
      expect(await keysOf(opened, 1, 5, 8)).toEqual([contactId(1), first, contactId(8)]);
      // So it is with one that comes as gone.
      await opened.mirror.commit({ tombstones: [{ ...burial, id: contactId(6) }] });
      expect(await keysOf(opened, 5, 6)).toEqual([first, second]);
      await pull(opened, [5, 7], [readBack([first, second])]);
      expect(await keysOf(opened, 5, 6, 7)).toEqual([first, second, third]);
      await opened.mirror.commit({ effects: [readBack([third])] });
      expect(await keysOf(opened, 5, 6, 7)).toEqual([first, second, third]);
    });

    test.for(['live', 'gone'] as const)(
      'leaves a contact its Id as its key that the mirror had before anybody knew who made it: %s',
      async (known) => {
        await using opened = await filled();
        if (known === 'live') await pull(opened, [5]);
        else await opened.mirror.commit({ tombstones: [{ ...burial, id: contactId(5) }] });
        const { key } = await told(opened, 5);
        await pull(opened, [5], [readBack([key])]);
        await pull(opened, [5]);
        expect(await keysOf(opened, 5)).toEqual([contactId(5)]);
        expect(await keyInOutbox(opened, key)).toBe(contactId(5));
        // Who has kept the key of the push finds it all the same.
        await using reader = await opened.read();
        const found = await reader.show(key);
        expect([found?.key, found?.row[0]]).toEqual([contactId(5), contactId(5)]);
      },
    );

    test.for([
      ['has met', false],
      ['has made', true],
    ] as const)('says by which key a contact goes that an upsert %s', async ([_, created]) => {
      await using opened = await filled();
      const { key } = await told(opened, 5, { upsertField: 'ParaHack_Id__c' }, created);
      await pull(opened, [5], [readBack([key])]);
      expect(await keysOf(opened, 5)).toEqual([created ? key : contactId(5)]);
      expect(await keyInOutbox(opened, key)).toBe(created ? key : contactId(5));
    });

    test('shows one contact by a key, where the one that had it was deleted and made once more', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const contactKey = '7f1c2f44-9a5e-4f3c-8d55-0b6f0a3f1c11';
      const made = async (n: number) => {
        const { key } = await told(opened, n, { contactKey });
        await pull(opened, [n], [readBack([key])]);
      };
      await made(7);
      // Two that live are two contacts, and the first one has the key.
      await made(5);
      expect(await keysOf(opened, 7, 5)).toEqual([contactKey, contactId(5)]);
      await mirror.commit({ tombstones: [{ ...burial, id: contactId(7) }] });
      await made(6);
      expect(await keysOf(opened, 7, 6)).toEqual([contactId(7), contactKey]);
      await using reader = await opened.read();
      expect((await reader.show(contactKey))?.row[0]).toBe(contactId(6));
    });
  });
}
