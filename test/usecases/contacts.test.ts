import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import type { ContactReader, ReaderListing } from '../../src/sync/ports/contact-reader.ts';
import { appContacts, type ContactsParts } from '../../src/usecases/contacts.ts';
import { orgFor } from '../orgs/org-for.ts';
import { calm, partsOf } from './parts.ts';

const columns = [{ name: 'Id', type: 'id' }];
const wrong = new AppError('INVALID_INPUT', 'The condition cannot be read.');

async function* batchesOf(...batches: string[][][]) {
  yield* batches;
}

const listingOf = (...batches: string[][][]): ReaderListing => ({
  columns,
  total: batches.length,
  batches: () => batchesOf(...batches),
});

/** Contacts of an application that goes on, of whose readers it is known how many are open. */
function contactsOf(reads: Partial<ContactReader> = {}) {
  let open = 0;
  const left: (() => void | Promise<void>)[] = [];
  const { mirrors, ...parts } = partsOf([orgFor('a')]);
  mirrors.read = async () => {
    open++;
    const reader: Partial<ContactReader> = {
      coveredUntil: async () => 0,
      wantsSearchIndex: async () => false,
      chosen: async () => columns,
      list: async () => listingOf([['003a']], [['003b']]),
      search: async () => listingOf(),
      batches: () => batchesOf([['003a']], [['003b']]),
      show: async () => null,
      [Symbol.asyncDispose]: async () => void open--,
      ...reads,
    };
    return reader as ContactReader;
  };
  const contactsParts: ContactsParts = {
    ...parts,
    mirrors,
    closeLater(close) {
      left.push(close);
      return async () => {
        left.splice(left.indexOf(close), 1);
        await close();
      };
    },
  };
  return { contacts: appContacts(contactsParts), state: () => ({ open, left: left.length }) };
}

async function all<T>(batches: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const batch of batches) read.push(batch);
  return read;
}

const nothing = { open: 0, left: 0 };
const asked = { org: null, limit: 5, deleted: false };

describe('a reader of contacts in an application that goes on', () => {
  it('stays open until its page is disposed of, so that it can be read as often as asked', async () => {
    const { contacts, state } = contactsOf();
    const page = await contacts.list(asked, calm());
    for (let time = 0; time < 2; time++) expect(await all(page.batches())).toHaveLength(2);
    expect(state()).toEqual({ open: 1, left: 1 });
    await page[Symbol.asyncDispose]();
    expect(state()).toEqual(nothing);
  });

  it('is closed where the page cannot be had', async () => {
    const { contacts, state } = contactsOf({
      list: () => Promise.reject(wrong),
    });
    await expect(contacts.list(asked, calm())).rejects.toBe(wrong);
    expect(state()).toEqual(nothing);
  });

  it('is closed at the end of an export, or where it is left', async () => {
    const { contacts, state } = contactsOf();
    const whole = await contacts.export({ org: null }, calm());
    expect(await all(whole.batches)).toHaveLength(2);
    expect(state()).toEqual(nothing);
    const left = await contacts.export({ org: null }, calm());
    for await (const _ of left.batches) break;
    expect(state()).toEqual(nothing);
  });

  it('is closed where an export is refused, and where a contact is not there', async () => {
    const refused = contactsOf({
      chosen: () => Promise.reject(wrong),
    });
    await expect(refused.contacts.export({ org: null }, calm())).rejects.toBe(wrong);
    expect(refused.state()).toEqual(nothing);
    const { contacts, state } = contactsOf();
    await expect(contacts.show({ org: null, id: '003' }, calm())).rejects.toMatchObject({
      code: 'UNKNOWN_CONTACT',
    });
    expect(state()).toEqual(nothing);
  });
});

it('a contact has the state and the reason that its mirror has', async () => {
  const { contacts } = contactsOf({
    show: async () => ({
      columns: [],
      row: [],
      key: 'k',
      state: 'rejected',
      error: 'why',
      gone: null,
      readAt: null,
    }),
  });
  expect(await contacts.show({ org: null, id: 'k' }, calm())).toMatchObject({
    state: 'rejected',
    error: 'why',
  });
});

describe('a contact by its e-mail', () => {
  it.each<[string, readonly string[], string]>([
    ['that one has', ['003a'], 'UNKNOWN_CONTACT'],
    ['that several have', ['003a', '003b'], 'INVALID_INPUT'],
  ])('%s', async (_, ids, code) => {
    const shown: string[] = [];
    const { contacts } = contactsOf({
      idsByEmail: async () => [...ids],
      show: async (id) => {
        shown.push(id);
        return null;
      },
    });
    await expect(contacts.show({ org: null, id: 'a@b.example' }, calm())).rejects.toMatchObject({ code });
    expect(shown).toEqual(ids.length === 1 ? ids : []);
  });
});
