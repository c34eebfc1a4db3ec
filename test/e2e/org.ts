import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import Database from 'better-sqlite3';
import { expect } from 'vitest';

/** The local org's control surface, as a test drives it. */
export async function control<T = { ids: string[] }>(
  url: string,
  path: string,
  body: unknown = {},
): Promise<T> {
  const response = await fetch(`${url}/__emulator/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return text === '' ? (undefined as T) : JSON.parse(text);
}

/** The last requests, oldest first; `at` is when each came (ISO 8601), `ms` how long it took. */
interface Call {
  method: string;
  path: string;
  status: number;
  at: string;
  ms: number;
}

export async function calls(url: string): Promise<Call[]> {
  return (await fetch(`${url}/__emulator/calls`)).json() as never;
}

type Contact = Record<string, unknown>;

export async function contactsOf(url: string, { deleted = false } = {}): Promise<Contact[]> {
  const contacts: Contact[] = [];
  for await (const contact of eachContact(url, deleted)) contacts.push(contact);
  return contacts;
}

/** Line by line: the text of 600,000 contacts is longer than a string may be. */
async function* eachContact(url: string, deleted = false): AsyncGenerator<Contact> {
  const response = await fetch(`${url}/__emulator/contacts${deleted ? '?deleted=1' : ''}`);
  const lines = createInterface({ input: Readable.fromWeb(response.body as never) });
  for await (const line of lines) if (line !== '') yield JSON.parse(line);
}

/** A value of Salesforce's JSON as the mirror is to store it. */
function stored(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+\+0000$/.test(value))
    return value.replace('+0000', 'Z');
  return value;
}

/** Every live contact of the org stands in the mirror, field by field, and nothing else does. */
export async function expectMirrorEqualsOrg(file: string, url: string): Promise<number> {
  const db = new Database(file, { readonly: true });
  try {
    const find = db.prepare('select * from contacts where Id = ?');
    const missing: string[] = [];
    const inOrg = new Set<string>();
    for await (const contact of eachContact(url)) {
      const id = contact.Id as string;
      inOrg.add(id);
      const row = find.get(id) as Contact | undefined;
      if (row === undefined) missing.push(id);
      else expectSameValues(contact, row);
    }
    const ids = db.prepare('select Id from contacts').pluck().all() as string[];
    const extra = ids.filter((id) => !inOrg.has(id));
    expect({ missing, extra, doubled: ids.length - new Set(ids).size }).toEqual({
      missing: [],
      extra: [],
      doubled: 0,
    });
    return inOrg.size;
  } finally {
    db.close();
  }
}

function expectSameValues(contact: Contact, row: Contact): void {
  for (const [name, value] of Object.entries(contact)) {
    if (name === 'attributes' || (typeof value === 'object' && value !== null)) continue;
    // A compound address that is null has no column either.
    if (!(name in row) && /Address$/.test(name)) continue;
    if (row[name] === stored(value)) continue;
    expect({ id: contact.Id, field: name, value: row[name] }).toEqual({
      id: contact.Id,
      field: name,
      value: stored(value),
    });
  }
}
