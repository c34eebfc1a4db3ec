import Database from 'better-sqlite3';
import type { Field } from '../../../src/sync/ports/field.ts';
import type { OutboxEntry } from '../../../src/sync/ports/outbox-entry.ts';
import { describeOf, field } from './contact-fields.ts';
import { csvPage, epoch, type Row } from './pages.ts';
import { openTempMirror, type TempMirrors } from './temp-mirrors.ts';

const byOrg = { createable: false, updateable: false };

/** A Contact as Salesforce describes it: one field of each kind, and of what may be done with it. */
export const writtenFields: Field[] = [
  field('Id', 'id', byOrg),
  field('IsDeleted', 'boolean', { ...byOrg, nillable: false }),
  field('MasterRecordId', 'reference', byOrg),
  field('AccountId', 'reference', { referenceTo: ['Account'] }),
  field('LastName', 'string', { length: 80, nillable: false }),
  field('FirstName', 'string', { length: 40 }),
  field('Name', 'string', { ...byOrg, nameField: true }),
  field('Email', 'email', { length: 80 }),
  field('Birthdate', 'date'),
  field('Seen__c', 'datetime'),
  field('Rises__c', 'time'),
  field('DoNotCall', 'boolean', { nillable: false, defaultedOnCreate: true }),
  field('Visits__c', 'int', { digits: 9 }),
  field('Spent__c', 'currency', { precision: 10, scale: 2 }),
  field('North__c', 'double', { precision: 18, scale: 15 }),
  field('Once__c', 'string', { updateable: false }),
  field('Later__c', 'string', { createable: false }),
  field('Sum__c', 'double', { ...byOrg, calculated: true }),
  field('CreatedDate', 'datetime', { ...byOrg, nillable: false, defaultedOnCreate: true }),
  field('SystemModstamp', 'datetime', { ...byOrg, nillable: false, defaultedOnCreate: true }),
];

export function idOf(n: number): string {
  return `003${String(n).padStart(12, '0')}AAA`;
}

export const stamp = (seconds = 0) => new Date(epoch + seconds * 1_000).toISOString();

export function person(n: number, more: Row = {}): Row {
  return {
    Id: idOf(n),
    IsDeleted: false,
    LastName: `Last${n}`,
    FirstName: `First${n}`,
    Name: `First${n} Last${n}`,
    Email: `p${n}@example.com`,
    DoNotCall: false,
    CreatedDate: stamp(),
    SystemModstamp: stamp(),
    ...more,
  };
}

export interface TwoWayMirror extends TempMirrors {
  /** The connection of some other program. */
  program: Database.Database;
  /** As a pull brings rows. */
  pull(rows: readonly Row[], readAt?: number): Promise<void>;
  /** What programs have asked for, in its order, dropped ones aside. */
  asked(): Promise<OutboxEntry[]>;
  /** The row of a contact by its key, without what is null. */
  row(key: string): Record<string, unknown> | undefined;
}

/** A mirror of some contacts that other programs may write to. */
export async function openTwoWayMirror(
  rows: readonly Row[] = [person(1), person(2), person(3)],
): Promise<TwoWayMirror> {
  const temp = await openTempMirror();
  const { mirror } = temp;
  const columns = writtenFields.map(({ name }) => name);
  const pull = async (pulled: readonly Row[], readAt = epoch + 60_000) => {
    await mirror.commit({ page: csvPage(columns, pulled, readAt) });
  };
  await mirror.schema.applyDescribe(describeOf(writtenFields), epoch);
  await pull(rows, epoch);
  await mirror.contacts.ensureIndices();
  await mirror.setTwoWay({ on: true, conflicts: 'salesforce-wins' });
  const program = new Database(mirror.location);
  program.pragma('busy_timeout = 5000');
  return {
    ...temp,
    program,
    pull,
    asked: async () => (await mirror.outbox.list()).filter(({ state }) => state !== 'dropped'),
    row: (key) => {
      const found = program.prepare('SELECT * FROM contacts WHERE _key = ?').get(key) as
        | Record<string, unknown>
        | undefined;
      return found && Object.fromEntries(Object.entries(found).filter(([, value]) => value !== null));
    },
    async [Symbol.asyncDispose]() {
      program.close();
      await temp[Symbol.asyncDispose]();
    },
  };
}
