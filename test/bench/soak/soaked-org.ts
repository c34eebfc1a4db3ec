import type { Row } from '../../model/watch/org.ts';

/** A local org in the emulator's process, by its control surface. */
export class SoakedOrg {
  readonly url: string;
  readonly username: string;
  readonly clientId: string;

  constructor({ url, username, clientId }: { url: string; username: string; clientId: string }) {
    this.url = url;
    this.username = username;
    this.clientId = clientId;
  }

  /** Null where the org refuses it, as for a row that an open transaction has locked. */
  async post<T = { ids: string[] }>(name: string, body: unknown = {}): Promise<T | null> {
    const response = await fetch(`${this.url}/__emulator/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (response.status === 400) return null;
    if (!response.ok) throw new Error(`${this.url}: ${name}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  async get<T>(name: string): Promise<T> {
    const response = await fetch(`${this.url}/__emulator/${name}`);
    if (!response.ok) throw new Error(`${this.url}: ${name}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** All contacts, deleted ones too, whoever may see them. */
  async rows(): Promise<Row[]> {
    const response = await fetch(`${this.url}/__emulator/contacts?deleted=1`);
    const lines = (await response.text()).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
  }
}
