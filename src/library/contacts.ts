import { contactObject } from '../contract/contact-object.ts';
import type { ContactPage } from '../contract/contacts.ts';
import { bounds } from '../contract/defaults.ts';
import type { Calls } from './calls.ts';
import { optionsOver, wholeNumber } from './options-over.ts';
import type { ContactList, ContactObject, ParahackSync } from './parahack-sync.ts';
import { usual } from './usual-options.ts';

export function contactsOf(calls: Calls): ParahackSync['contacts'] {
  return {
    list: (options, call) =>
      calls.call(call, async (app, context) => {
        const all = optionsOver('contacts.list', usual.contactList, options);
        wholeNumber('limit', all.limit, bounds.contacts);
        if (all.offset !== undefined) wholeNumber('offset', all.offset, [0, Number.MAX_SAFE_INTEGER]);
        return listOf(await app.contacts.list(all, context));
      }),
    search: (options, call) =>
      calls.call(call, async (app, context) => {
        const all = optionsOver('contacts.search', usual.contactSearch, options);
        wholeNumber('limit', all.limit, bounds.contacts);
        return listOf(await app.contacts.search(all, context));
      }),
    show: (options, call) =>
      calls.call(call, async (app, context) => {
        const { columns, row, ...rest } = await app.contacts.show(
          optionsOver('contacts.show', { ...usual.ofOrg, id: '' }, options),
          context,
        );
        return { ...rest, contact: contactObject(columns, row) };
      }),
    export: (options, call) =>
      calls.call(call, async (app, context) => {
        const { instanceUrl, columns, batches } = await app.contacts.export(
          optionsOver('contacts.export', usual.contactExport, options),
          context,
        );
        const contacts = calls.stream(batches, (row) => contactObject(columns, row), call?.signal);
        return { instanceUrl, columns, contacts };
      }),
  };
}

async function listOf(page: ContactPage): Promise<ContactList> {
  await using read = page;
  const { instanceUrl, columns, total, coveredUntil } = read;
  const contacts: ContactObject[] = [];
  for await (const batch of read.batches()) contacts.push(...batch.map((row) => contactObject(columns, row)));
  return { instanceUrl, total, coveredUntil, contacts };
}
