import { closeSync, openSync, writeSync } from 'node:fs';
import type { Field } from '../../src/sync/ports/field.ts';
import { field } from '../store/sqlite/contact-fields.ts';

const standard: [name: string, type: string][] = [
  ['Id', 'id'],
  ['IsDeleted', 'boolean'],
  ['MasterRecordId', 'reference'],
  ['AccountId', 'reference'],
  ['LastName', 'string'],
  ['FirstName', 'string'],
  ['Salutation', 'picklist'],
  ['Name', 'string'],
  ...['Other', 'Mailing'].flatMap((kind): [string, string][] => [
    [`${kind}Street`, 'textarea'],
    [`${kind}City`, 'string'],
    [`${kind}State`, 'string'],
    [`${kind}PostalCode`, 'string'],
    [`${kind}Country`, 'string'],
    [`${kind}Latitude`, 'double'],
    [`${kind}Longitude`, 'double'],
    [`${kind}GeocodeAccuracy`, 'picklist'],
  ]),
  ...['Phone', 'Fax', 'MobilePhone', 'HomePhone', 'OtherPhone', 'AssistantPhone'].map(
    (name): [string, string] => [name, 'phone'],
  ),
  ['ReportsToId', 'reference'],
  ['Email', 'email'],
  ['Title', 'string'],
  ['Department', 'string'],
  ['AssistantName', 'string'],
  ['LeadSource', 'picklist'],
  ['Birthdate', 'date'],
  ['Description', 'textarea'],
  ['OwnerId', 'reference'],
  ['CreatedDate', 'datetime'],
  ['CreatedById', 'reference'],
  ['LastModifiedDate', 'datetime'],
  ['LastModifiedById', 'reference'],
  ['SystemModstamp', 'datetime'],
  ['LastActivityDate', 'date'],
  ['LastCURequestDate', 'datetime'],
  ['LastCUUpdateDate', 'datetime'],
  ['LastViewedDate', 'datetime'],
  ['LastReferencedDate', 'datetime'],
  ['EmailBouncedReason', 'string'],
  ['EmailBouncedDate', 'datetime'],
  ['IsEmailBounced', 'boolean'],
  ['PhotoUrl', 'url'],
  ['Jigsaw', 'string'],
  ['JigsawContactId', 'string'],
  ['CleanStatus', 'picklist'],
  ['IndividualId', 'reference'],
  ['Loyalty__c', 'double'],
  ['Tier__c', 'picklist'],
  ['External__c', 'string'],
];

/** Contact's readable standard fields without the compound ones, and three custom ones: 60 columns. */
export const benchFields: Field[] = standard.map(([name, type]) => field(name, type));

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const firstNames = ['Ada', 'Grace', 'Linus', 'José', 'Chloë', 'Ken', 'Dennis', 'Barbara'];
const lastNames = ['Lovelace', 'Hopper', 'Müller', 'García', 'Ritchie', 'Thompson', 'Liskov', 'Smith'];

function idOf(prefix: string, n: number): string {
  let text = '';
  for (let i = 0, rest = n; i < 12; i++, rest = Math.floor(rest / 62)) text = digits[rest % 62] + text;
  return `${prefix}${text}AAA`;
}

/** The n-th contact; the same numbers in every run. */
export function benchContact(n: number, random: (below: number) => number): Record<string, string> {
  const time = new Date(1_600_000_000_000 + n * 60_000).toISOString();
  const first = firstNames[random(8)]!;
  const last = `${lastNames[random(8)]}${random(1_000)}`;
  return {
    Id: idOf('003', n * 7 + 1_000_000),
    IsDeleted: 'false',
    AccountId: idOf('001', random(1_000_000)),
    LastName: last,
    FirstName: first,
    Salutation: random(2) ? 'Ms.' : 'Mr.',
    Name: `${first} ${last}`,
    MailingStreet: `${random(900)} Main St${random(20) ? '' : '\nSuite "5"'}`,
    MailingCity: 'Zürich',
    MailingState: 'ZH',
    MailingPostalCode: String(1_000 + random(8_999)),
    MailingCountry: 'Switzerland',
    Phone: `(415) 555-${1_000 + random(8_999)}`,
    Email: `${last.toLowerCase()}.${n}@example.com`,
    Title: 'VP of Things',
    LeadSource: random(2) ? 'Web' : '',
    Birthdate: random(2) ? '1970-01-02' : '',
    Description: random(3) ? '' : 'Met at the conference, likes long walks',
    OwnerId: idOf('005', random(50)),
    CreatedDate: time,
    CreatedById: idOf('005', random(50)),
    LastModifiedDate: time,
    LastModifiedById: idOf('005', random(50)),
    SystemModstamp: time,
    IsEmailBounced: 'false',
    PhotoUrl: `/services/images/photo/${idOf('003', n)}`,
    CleanStatus: 'Pending',
    Loyalty__c: random(2) ? (random(10_000) / 100).toFixed(2) : '',
    Tier__c: 'Gold',
    External__c: `EXT-${n}`,
  };
}

export interface CsvPages {
  header: Buffer;
  /** Each page's bytes in the file, its header line not included. */
  pages: { start: number; end: number; rows: number }[];
}

/** Writes `count` contacts as one CSV file, as bulk result pages of `rowsPerPage` would hold them. */
export function writeBenchCsv(path: string, count: number, rowsPerPage: number): CsvPages {
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed % below;
  };
  const names = benchFields.map(({ name }) => name);
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const header = Buffer.from(`${names.map(quote).join(',')}\n`);
  const file = openSync(path, 'w');
  let at = writeSync(file, header);
  const pages: CsvPages['pages'] = [];
  for (let from = 0; from < count; from += rowsPerPage) {
    const start = at;
    const rows = Math.min(rowsPerPage, count - from);
    for (let slice = 0; slice < rows; slice += 1_000) {
      let text = '';
      for (let i = slice; i < Math.min(slice + 1_000, rows); i++) {
        const contact = benchContact(from + i, random);
        text += `${names.map((name) => quote(contact[name] ?? '')).join(',')}\n`;
      }
      at += writeSync(file, text);
    }
    pages.push({ start, end: at, rows });
  }
  closeSync(file);
  return { header, pages };
}
