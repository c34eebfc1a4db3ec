import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { startEmulator } from '../../src/emulator/index.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { appContacts } from '../../src/usecases/contacts.ts';
import { openServices } from './open-services.ts';

const options = {
  orgs: [],
  all: false,
  api: 'auto' as const,
  concurrency: null,
  fresh: false,
  force: false,
  fields: null,
};
const context = (signal = new AbortController().signal) => ({ signal, onEvent: () => {} });

/** What the first search of a mirror finds, and whether it has left an index behind. */
async function firstSearch(contacts: number, signal: AbortSignal, stranger = false) {
  await using emulator = await startEmulator({ contacts });
  await using app = openServices(emulator);
  await backfillOrgs(app.services, options, context());
  const db = new Database(app.services.mirrors.location(emulator.url));
  try {
    if (stranger) db.exec('BEGIN IMMEDIATE');
    const asked = { org: null, text: 'garcia', limit: 5 };
    const page = await appContacts(app.services).search(asked, context(signal));
    await app.services[Symbol.asyncDispose]();
    const index = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'contact_search'").get();
    const all = db
      .prepare("SELECT count(*) FROM contacts WHERE Name || ' ' || coalesce(Email, '') LIKE '%garcia%'")
      .pluck()
      .get();
    return { total: page.total, all, isIndexed: index !== undefined, said: app.said };
  } finally {
    db.close();
  }
}

test('the first search of a large mirror leaves an index behind, and one of a small mirror none', async () => {
  const { signal } = new AbortController();
  const small = await firstSearch(19_000, signal);
  expect(small).toMatchObject({ total: small.all, isIndexed: false });
  const large = await firstSearch(21_000, signal);
  expect(large).toMatchObject({ total: large.all, isIndexed: true });
  expect(large.total).toBeGreaterThan(5);
});

test('a search is answered where the index cannot be made, or the making is ended', async () => {
  const locked = await firstSearch(21_000, new AbortController().signal, true);
  expect(locked).toMatchObject({ total: locked.all, isIndexed: false });
  expect(locked.said.filter((line) => /^(warn|error)/.test(line))).toEqual([]);
  expect(locked.said).toContainEqual(expect.stringMatching(/^debug No index for searches/));
  const ended = await firstSearch(21_000, AbortSignal.abort());
  expect(ended).toMatchObject({ total: ended.all, isIndexed: false });
});
