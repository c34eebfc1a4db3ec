import type { SqlValue } from '../../schema/field.ts';
import { quoted } from '../../schema/field.ts';
import type { ObjectSchema } from '../../schema/object-schema.ts';
import type { RecordIds } from '../../schema/record-id.ts';
import { fitsOf } from './fit-columns.ts';
import {
  CITIES,
  DEPARTMENTS,
  FIRST_NAMES,
  LAST_NAMES,
  MAIL_DOMAINS,
  REMARKS,
  STREETS,
  TITLES,
} from './people.ts';
import { Random } from './random.ts';

const COLUMNS = [
  '_rid',
  '_write',
  'Id',
  'IsDeleted',
  'AccountId',
  'LastName',
  'FirstName',
  'Salutation',
  'Name',
  'OtherStreet',
  'OtherCity',
  'OtherCountry',
  'MailingStreet',
  'MailingCity',
  'MailingState',
  'MailingPostalCode',
  'MailingCountry',
  'MailingLatitude',
  'MailingLongitude',
  'MailingGeocodeAccuracy',
  'Phone',
  'Fax',
  'MobilePhone',
  'HomePhone',
  'ReportsToId',
  'Email',
  'Title',
  'Department',
  'AssistantName',
  'LeadSource',
  'Birthdate',
  'Description',
  'OwnerId',
  'CreatedDate',
  'CreatedById',
  'LastModifiedDate',
  'LastModifiedById',
  'SystemModstamp',
  'LastActivityDate',
  'IsEmailBounced',
  'PhotoUrl',
  'Jigsaw',
  'CleanStatus',
  'ParaHack_Id__c',
  'Lifetime_Value__c',
  'Newsletter__c',
  'Customer_Since__c',
  'Tier__c',
  'Interests__c',
  'Visits__c',
  'Custom_11__c',
  'Custom_12__c',
] as const;

type Column = (typeof COLUMNS)[number];

const SALUTATIONS = ['Mr.', 'Ms.', 'Mrs.', 'Dr.', 'Prof.', 'Mx.'];
const LEAD_SOURCES = ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Other'];
const INTERESTS = ['Analytics', 'Billing', 'Integration', 'Mobile', 'Security'];
const FOLDED_FIRST = FIRST_NAMES.map(mailPart);
const FOLDED_LAST = LAST_NAMES.map(mailPart);

/** The stamps and people of a contact, which do not come from its own randomness. */
export interface Origin {
  readonly createdDate: string;
  readonly createdById: string;
  readonly lastModifiedDate: string;
  readonly lastModifiedById: string;
  readonly systemModstamp: string;
}

/**
 * Makes contacts as rows for one prepared statement: one array is filled again and again, since an object per contact
 * would cost more than the insert. About half the fields stay null, as in real orgs.
 */
export class ContactGenerator {
  /** Of the columns in `insertSql`, in its order. Valid until the next call. */
  readonly row: SqlValue[] = [];
  /** The columns of `row`, in its order. */
  readonly columns: readonly string[];
  readonly insertSql: string;
  readonly #width: number;
  readonly #at: Record<Column, number>;
  readonly #random: Random;
  readonly #ids: RecordIds;
  readonly #accounts: readonly string[];
  readonly #owners: readonly string[];
  readonly #fits: readonly ((row: SqlValue[]) => void)[];

  constructor(
    schema: ObjectSchema,
    ids: RecordIds,
    seed: number,
    people: { accounts: readonly string[]; owners: readonly string[] },
  ) {
    const present = COLUMNS.filter((column) => {
      if (column === '_rid' || column === '_write') return true;
      const field = schema.field(column);
      return field !== undefined && field.storage !== 'formula' && field.storage !== 'compound';
    });
    this.#width = present.length;
    this.columns = present;
    // A column that the org does not have (removed, or fewer custom fields) is written past the row's end and cut off.
    const at = Object.fromEntries(COLUMNS.map((column) => [column, present.length]));
    for (const [index, column] of present.entries()) at[column] = index;
    this.#at = at as Record<Column, number>;
    this.insertSql = `insert into ${quoted(schema.name)} (${present.map(quoted).join(', ')}) values (${present.map(() => '?').join(', ')})`;
    this.#random = new Random(seed);
    this.#ids = ids;
    this.#accounts = people.accounts;
    this.#owners = people.owners;
    this.#fits = fitsOf(schema, present);
  }

  /** Fills `row` with contact number `rid`. */
  next(rid: number, origin: Origin): SqlValue[] {
    const { row } = this;
    const at = this.#at;
    const id = this.#ids.make('003', rid);
    row.length = this.#width;
    row.fill(null);
    row[at._rid] = rid;
    row[at.Id] = id;
    row[at.IsDeleted] = 0;
    row[at.IsEmailBounced] = 0;
    row[at.Newsletter__c] = this.#random.below(2);
    row[at.CreatedDate] = origin.createdDate;
    row[at.CreatedById] = origin.createdById;
    row[at.LastModifiedDate] = origin.lastModifiedDate;
    row[at.LastModifiedById] = origin.lastModifiedById;
    row[at.SystemModstamp] = origin.systemModstamp;
    row[at._write] = origin.systemModstamp;
    row[at.PhotoUrl] = `/services/images/photo/${id}`;
    this.#person(row, rid);
    this.#work(row, rid);
    this.#address(row);
    this.#custom(row, rid);
    row.length = this.#width;
    for (const mend of this.#fits) mend(row);
    return row;
  }

  #person(row: SqlValue[], rid: number): void {
    const random = this.#random;
    const at = this.#at;
    const first = random.below(FIRST_NAMES.length);
    const last = random.below(LAST_NAMES.length);
    const nameless = random.below(50) === 0;
    row[at.LastName] = LAST_NAMES[last]!;
    row[at.FirstName] = nameless ? null : FIRST_NAMES[first]!;
    row[at.Name] = nameless ? LAST_NAMES[last]! : `${FIRST_NAMES[first]} ${LAST_NAMES[last]}`;
    if (random.chance(40)) row[at.Salutation] = random.pick(SALUTATIONS);
    if (random.chance(78)) {
      row[at.Email] = `${FOLDED_FIRST[first]}.${FOLDED_LAST[last]}${rid % 1000}@${random.pick(MAIL_DOMAINS)}`;
    }
    if (random.chance(70)) row[at.Phone] = this.#phone();
    if (random.chance(45)) row[at.MobilePhone] = this.#phone();
    if (random.chance(8)) row[at.Fax] = this.#phone();
    if (random.chance(10)) row[at.HomePhone] = this.#phone();
    if (random.chance(12)) {
      row[at.Birthdate] =
        `${1940 + random.below(65)}-${twoDigits(1 + random.below(12))}-${twoDigits(1 + random.below(28))}`;
    }
  }

  #work(row: SqlValue[], rid: number): void {
    const random = this.#random;
    const at = this.#at;
    row[at.OwnerId] = random.pick(this.#owners);
    if (this.#accounts.length > 0 && random.chance(85)) row[at.AccountId] = random.pick(this.#accounts);
    if (rid > 1 && random.chance(5)) {
      row[at.ReportsToId] = this.#ids.make('003', Math.max(1, rid - 1 - random.below(50)));
    }
    if (random.chance(65)) row[at.Title] = random.pick(TITLES);
    if (random.chance(35)) row[at.Department] = random.pick(DEPARTMENTS);
    if (random.chance(4)) row[at.AssistantName] = random.pick(FIRST_NAMES);
    if (random.chance(45)) row[at.LeadSource] = random.pick(LEAD_SOURCES);
    if (random.chance(9)) row[at.Description] = random.pick(REMARKS);
    if (random.chance(25)) row[at.LastActivityDate] = (row[at.LastModifiedDate] as string).slice(0, 10);
    if (random.chance(6)) row[at.CleanStatus] = random.chance(50) ? 'Matched' : 'Pending';
    if (random.chance(3)) row[at.Jigsaw] = `J${1000000 + random.below(8999999)}`;
  }

  #address(row: SqlValue[]): void {
    const random = this.#random;
    const at = this.#at;
    if (random.chance(55)) {
      const [city, state, postal, country, latitude, longitude] = random.pick(CITIES);
      const street = `${1 + random.below(2400)} ${random.pick(STREETS)}`;
      row[at.MailingStreet] = random.chance(6) ? `${street}\nFloor ${1 + random.below(30)}` : street;
      row[at.MailingCity] = city;
      row[at.MailingState] = state;
      row[at.MailingPostalCode] = postal + twoDigits(random.below(100));
      row[at.MailingCountry] = country;
      if (random.chance(30)) {
        row[at.MailingLatitude] = Math.round((latitude + random.below(1000) / 10_000) * 10_000) / 10_000;
        row[at.MailingLongitude] = Math.round((longitude + random.below(1000) / 10_000) * 10_000) / 10_000;
        row[at.MailingGeocodeAccuracy] = 'Address';
      }
    }
    if (random.chance(5)) {
      const city = random.pick(CITIES);
      row[at.OtherStreet] = `P.O. Box ${random.below(9000)}`;
      row[at.OtherCity] = city[0];
      row[at.OtherCountry] = city[3];
    }
  }

  #custom(row: SqlValue[], rid: number): void {
    const random = this.#random;
    const at = this.#at;
    // Digits that have no case: the field is unique without regard to it.
    if (random.chance(40)) row[at.ParaHack_Id__c] = `ph-${rid.toString(36).padStart(8, '0')}`;
    if (random.chance(30)) row[at.Lifetime_Value__c] = random.below(2_000_000) / 100;
    if (random.chance(20)) row[at.Customer_Since__c] = (row[at.CreatedDate] as string).slice(0, 10);
    if (random.chance(25)) row[at.Tier__c] = random.pick(['Bronze', 'Silver', 'Gold', 'Platinum']);
    if (random.chance(15)) {
      const chosen = INTERESTS.filter(() => random.chance(40));
      if (chosen.length > 0) row[at.Interests__c] = chosen.join(';');
    }
    if (random.chance(20)) row[at.Visits__c] = random.below(400);
    if (random.chance(10)) row[at.Custom_11__c] = random.pick(DEPARTMENTS);
    if (random.chance(10)) row[at.Custom_12__c] = random.pick(TITLES);
  }

  #phone(): string {
    const random = this.#random;
    return `(${200 + random.below(799)}) 555-${1000 + random.below(9000)}`;
  }
}

function twoDigits(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}

/** A name as it goes into an e-mail address: lower case ASCII letters, or `x` where none are left. */
function mailPart(name: string): string {
  const ascii = name
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^a-z]/g, '');
  return ascii === '' ? 'x' : ascii;
}
