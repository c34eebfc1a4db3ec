/** Fields that both sides write. */
const standard = ['FirstName', 'Title', 'Department', 'Phone'] as const;
/** Set when a contact is made. */
const atFirst = ['LastName', 'Description'] as const;

export function usersValueFields(custom: readonly string[]): readonly string[] {
  return [...standard, ...custom, ...custom];
}

export function comparedFields(custom: readonly string[]): readonly string[] {
  return [...atFirst, ...standard, ...custom];
}

/** What upserts go by. Everybody leaves it as it is. */
export const externalId = 'ParaHack_Id__c';

/** Where a program's edit finds them among the fields that it writes. */
export const fieldPlaces = { name: 0, title: 1 } as const;
