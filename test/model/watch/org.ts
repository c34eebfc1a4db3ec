import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmulatorInProcess, startEmulatorInProcess } from '../../../src/emulator/index.ts';
import { exchangeLocally } from '../../support/local-exchange.ts';

export type Row = Record<string, unknown> & { Id: string; IsDeleted: boolean };

/** A contact of a fifth of its fields: what is done with each is the same, and most of the time goes into their number. */
const slimFields = [
  'Id',
  'IsDeleted',
  'MasterRecordId',
  'AccountId',
  'LastName',
  'FirstName',
  'Name',
  'Phone',
  'Email',
  'Title',
  'Department',
  'Birthdate',
  'Description',
  'DoNotCall',
  'CreatedDate',
  'CreatedById',
  'LastModifiedDate',
  'LastModifiedById',
  'SystemModstamp',
  'ParaHack_Id__c',
  'Account_Label__c',
];

let slimContact: Promise<string> | null = null;

/** The file with its describe, made once a process. */
async function writeSlimContact(): Promise<string> {
  await using emulator = await startEmulatorInProcess({ contacts: 0, customFields: 10 });
  const { body } = await exchangeLocally(emulator.answer, {
    method: 'GET',
    path: '/services/data/v67.0/sobjects/Contact/describe',
    headers: { host: new URL(emulator.url).host, authorization: `Bearer ${emulator.accessToken}` },
    body: '',
  });
  const whole = JSON.parse(body.toString()) as { fields: { name: string }[] };
  const fields = whole.fields.filter(({ name }) => slimFields.includes(name));
  const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-slim-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'contact.json');
  writeFileSync(path, JSON.stringify({ ...whole, fields }));
  return path;
}

export const orgId = '00D000000000001';

/** API requests that the org allows in a day, unless it tells another limit for a while. */
export const dailyLimit = 1_000_000;

/** The emulated org as whoever looks after it sees it: all rows, whoever may see them. */
export class Org {
  readonly emulator: EmulatorInProcess;

  private constructor(emulator: EmulatorInProcess) {
    this.emulator = emulator;
  }

  /** `port`: of whoever listens in its place. */
  static async open(
    contacts: number,
    seed: number,
    { wallClock, port }: { wallClock: () => number; port?: number },
  ): Promise<Org> {
    slimContact ??= writeSlimContact();
    const options = {
      contacts,
      seed,
      customFields: 1,
      orgId,
      dailyLimit,
      objectFiles: [await slimContact],
    };
    return new Org(await startEmulatorInProcess({ ...options, wallClock, port }));
  }

  /** Null where the org refuses it. */
  async control<T = { ids: string[] }>(name: string, body: unknown = {}): Promise<T | null> {
    const { status, body: bytes } = await this.#ask('POST', name, JSON.stringify(body));
    if (status === 400) return null;
    if (status !== 200) throw new Error(`${name}: ${status} ${bytes.toString()}`);
    return JSON.parse(bytes.toString()) as T;
  }

  /** What somebody of the org does with a record of another object, by its id; whether the org says that it is done. */
  async edit(object: string, id: string, values: object): Promise<boolean> {
    const { emulator } = this;
    const { status } = await exchangeLocally(emulator.answer, {
      method: 'PATCH',
      path: `/services/data/v67.0/sobjects/${object}/${id}`,
      headers: {
        host: new URL(emulator.url).host,
        authorization: `Bearer ${emulator.accessToken}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(values),
    });
    return status === 204;
  }

  /** API requests that the org counts in its day. */
  async requestsUsed(): Promise<number> {
    const { body } = await this.#ask('GET', 'state', '');
    return (JSON.parse(body.toString()) as { apiRequests: { used: number } }).apiRequests.used;
  }

  /** ms since 1970. */
  async now(): Promise<number> {
    const { body } = await this.#ask('GET', 'clock', '');
    return (JSON.parse(body.toString()) as { nowMs: number }).nowMs;
  }

  /** Deleted rows too. */
  async rows(): Promise<Row[]> {
    const { body } = await this.#ask('GET', 'contacts?deleted=1', '');
    const lines = body.toString().split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
  }

  #ask(method: string, name: string, body: string) {
    const headers = { host: new URL(this.emulator.url).host, 'content-type': 'application/json' };
    return exchangeLocally(this.emulator.answer, { method, path: `/__emulator/${name}`, headers, body });
  }
}
