import { setImmediate as breathe } from 'node:timers/promises';
import type { OrgUser } from '../../engine/actor.ts';
import type { Storage } from '../../engine/storage.ts';
import { OPPORTUNITY_STAGES } from '../../objects/opportunity.ts';
import type { SqlValue } from '../../schema/field.ts';
import { quoted } from '../../schema/field.ts';
import type { RecordIds } from '../../schema/record-id.ts';
import type { Schema } from '../../schema/schema.ts';
import { storedInstant } from '../../schema/stamp.ts';
import { ContactGenerator } from './contact-generator.ts';
import { HISTORY_END_MS, History } from './history.ts';
import { CITIES, COMPANIES, COMPANY_FORMS } from './people.ts';
import { Random } from './random.ts';

/** Rows between two breaths of the event loop, and of one transaction: some 0.2 s of work. */
const SLICE_ROWS = 20_000;
const ACCOUNTS_AT_MOST = 5_000;

export interface Seed {
  readonly seed: number;
  readonly contacts: number;
  readonly orgId: string;
  readonly orgName: string;
  readonly users: readonly OrgUser[];
}

interface Ground {
  readonly storage: Storage;
  readonly schema: Schema;
  readonly ids: RecordIds;
  readonly start: string;
}

type Row = Record<string, SqlValue>;

/** Fills an empty org: users, accounts, opportunities, then the contacts. The same seed makes the same rows. */
export async function seedOrg(
  storage: Storage,
  schema: Schema,
  ids: RecordIds,
  seed: Seed,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  const ground = { storage, schema, ids, start: storedInstant(HISTORY_END_MS - 5 * 365 * 86_400_000) };
  const userIds = seed.users.map((user) => user.id);
  const random = new Random(seed.seed ^ 0x5eed);
  const accounts = storage.transaction(() => {
    insertOrganization(ground, seed);
    insertUsers(ground, seed.users);
    const made = insertAccounts(ground, random, userIds, seed.contacts);
    insertOpportunities(ground, random, userIds, made);
    return made;
  });
  await insertContacts(ground, seed, { accounts, userIds, random }, options.signal);
  for (const object of schema.objects) storage.createIndices(object);
}

async function insertContacts(
  { storage, schema, ids }: Ground,
  seed: Seed,
  people: { accounts: readonly string[]; userIds: readonly string[]; random: Random },
  signal: AbortSignal | undefined,
): Promise<void> {
  const contact = schema.require('Contact');
  const generator = new ContactGenerator(contact, ids, seed.seed, {
    accounts: people.accounts,
    owners: people.userIds.slice(0, 4),
  });
  const history = new History(people.random, people.userIds.slice(0, 4), seed.contacts);
  const insert = storage.prepare(generator.insertSql);
  for (let done = 0; done < seed.contacts; done += SLICE_ROWS) {
    const count = Math.min(SLICE_ROWS, seed.contacts - done);
    storage.transaction(() => {
      const first = storage.takeRids(contact, count);
      for (let at = 0; at < count; at++) insert.run(generator.next(first + at, history.next()));
    });
    await breathe();
    signal?.throwIfAborted();
  }
}

function insert(ground: Ground, objectName: string, rows: readonly Row[]): string[] {
  const object = ground.schema.require(objectName);
  const known = (name: string) => object.columns.some((field) => field.name === name);
  const first = ground.storage.takeRids(object, rows.length);
  return rows.map((row, index) => {
    const id = (row.Id as string | undefined) ?? ground.ids.make(object.keyPrefix, first + index);
    const full: Row = {
      CreatedDate: ground.start,
      LastModifiedDate: ground.start,
      SystemModstamp: ground.start,
      ...row,
      Id: id,
    };
    const names = Object.keys(full).filter(known);
    ground.storage.run(
      `insert into ${quoted(object.name)} (_rid, _write, ${names.map(quoted).join(', ')}) values (?, ?, ${names.map(() => '?').join(', ')})`,
      [first + index, full.SystemModstamp, ...names.map((name) => full[name])],
    );
    return id;
  });
}

function insertOrganization(ground: Ground, seed: Seed): void {
  const admin = seed.users[0]!.id;
  insert(ground, 'Organization', [
    {
      Id: seed.orgId,
      Name: seed.orgName,
      Country: 'US',
      DefaultLocaleSidKey: 'en_US',
      TimeZoneSidKey: 'GMT',
      LanguageLocaleKey: 'en_US',
      FiscalYearStartMonth: 1,
      OrganizationType: 'Developer Edition',
      InstanceName: 'EMU1',
      IsSandbox: 0,
      CreatedById: admin,
      LastModifiedById: admin,
    },
  ]);
}

function insertUsers(ground: Ground, users: readonly OrgUser[]): void {
  const admin = users[0]!.id;
  insert(
    ground,
    'User',
    users.map((user) => ({
      Id: user.id,
      Username: user.username,
      FirstName: user.firstName,
      LastName: user.lastName,
      Name: user.name,
      Email: user.email,
      Alias: user.alias,
      CommunityNickname: user.alias,
      IsActive: user.active ? 1 : 0,
      TimeZoneSidKey: 'GMT',
      LocaleSidKey: 'en_US',
      EmailEncodingKey: 'UTF-8',
      LanguageLocaleKey: 'en_US',
      UserType: 'Standard',
      CreatedById: admin,
      LastModifiedById: admin,
    })),
  );
}

function insertAccounts(
  ground: Ground,
  random: Random,
  users: readonly string[],
  contacts: number,
): string[] {
  const count = Math.min(ACCOUNTS_AT_MOST, Math.max(5, Math.floor(contacts / 20)));
  const rows = Array.from({ length: count }, (_, index) => {
    const city = random.pick(CITIES);
    return {
      Name: `${random.pick(COMPANIES)} ${random.pick(COMPANY_FORMS)}${index < 40 ? '' : ` ${index}`}`,
      Industry: random.chance(60)
        ? random.pick(['Technology', 'Retail', 'Banking', 'Energy', 'Media'])
        : null,
      AnnualRevenue: random.chance(40) ? random.below(90_000) * 1000 : null,
      NumberOfEmployees: random.chance(50) ? 1 + random.below(20_000) : null,
      BillingCity: city[0],
      BillingState: city[1],
      BillingCountry: city[3],
      Website: random.chance(40) ? `https://www.${index}.example.com` : null,
      OwnerId: random.pick(users.slice(0, 4)),
      CreatedById: users[0]!,
      LastModifiedById: users[0]!,
    };
  });
  return insert(ground, 'Account', rows);
}

function insertOpportunities(
  ground: Ground,
  random: Random,
  users: readonly string[],
  accounts: readonly string[],
): void {
  const rows = Array.from({ length: Math.min(500, accounts.length) }, (_, index) => {
    const stage = random.pick(OPPORTUNITY_STAGES);
    return {
      AccountId: random.pick(accounts),
      Name: `Deal ${index + 1}`,
      StageName: stage,
      Amount: random.chance(80) ? random.below(5_000_000) / 100 : null,
      Probability: stage === 'Closed Won' ? 100 : stage === 'Closed Lost' ? 0 : random.below(9) * 10,
      CloseDate: `2026-${String(1 + random.below(12)).padStart(2, '0')}-15`,
      IsClosed: stage.startsWith('Closed') ? 1 : 0,
      IsWon: stage === 'Closed Won' ? 1 : 0,
      OwnerId: random.pick(users.slice(0, 4)),
      CreatedById: users[0]!,
      LastModifiedById: users[0]!,
    };
  });
  insert(ground, 'Opportunity', rows);
}
