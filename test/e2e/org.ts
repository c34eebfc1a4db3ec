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

export async function calls(url: string): Promise<{ method: string; path: string; status: number }[]> {
  return (await fetch(`${url}/__emulator/calls`)).json() as never;
}

type Contact = Record<string, unknown>;

export async function contactsOf(url: string, { deleted = false } = {}): Promise<Contact[]> {
  const response = await fetch(`${url}/__emulator/contacts${deleted ? '?deleted=1' : ''}`);
  const text = await response.text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
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
  const org = await contactsOf(url);
  const db = new Database(file, { readonly: true });
  try {
    const rows = new Map(
      (db.prepare('select * from contacts').all() as Contact[]).map((row) => [row.Id as string, row]),
    );
    expect([...rows.keys()].sort()).toEqual(org.map(({ Id }) => Id as string).sort());
    for (const contact of org) {
      const row = rows.get(contact.Id as string)!;
      for (const [name, value] of Object.entries(contact)) {
        if (name === 'attributes' || (typeof value === 'object' && value !== null)) continue;
        // A compound address that is null has no column either.
        if (!(name in row) && /Address$/.test(name)) continue;
        if (row[name] !== stored(value)) {
          expect({ id: contact.Id, field: name, value: row[name] }).toEqual({
            id: contact.Id,
            field: name,
            value: stored(value),
          });
        }
      }
    }
    return org.length;
  } finally {
    db.close();
  }
}
