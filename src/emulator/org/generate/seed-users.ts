import type { OrgUser } from '../../engine/actor.ts';
import type { RecordIds } from '../../schema/record-id.ts';

const PEOPLE = [
  ['Ada', 'Admin', 'admin'],
  ['Olga', 'Other', 'other'],
  ['Sam', 'Seller', 'sam'],
  ['Renée', 'Representative', 'renee'],
  ['Igor', 'Inactive', 'igor'],
] as const;

/** The users every org starts with: whoever logs in, whoever changes things behind their back, two owners of contacts, one inactive. */
export function seedUsers(ids: RecordIds): OrgUser[] {
  return PEOPLE.map(([firstName, lastName, alias], index) => ({
    id: ids.make('005', index + 1),
    username: `${alias}@parahack.example`,
    name: `${firstName} ${lastName}`,
    firstName,
    lastName,
    email: `${alias}@parahack.example`,
    alias: alias.slice(0, 8),
    active: alias !== 'igor',
  }));
}
