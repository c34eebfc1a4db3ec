/** A kind of record that is kept the same as in the org. */
export interface SyncedObject {
  /** Its API name, which is also the object in the keys of what a mirror keeps. */
  name: string;
  /** The first three characters of each of its record ids. */
  keyPrefix: string;
  /** What people are told of its records. */
  nouns: { one: string; anyOne: string; many: string };
  /** Fields that name a record which Salesforce locks while one of this object's is written. */
  lockedParents: readonly string[];
}

export const contact: SyncedObject = {
  name: 'Contact',
  keyPrefix: '003',
  nouns: { one: 'contact', anyOne: 'a contact', many: 'contacts' },
  lockedParents: ['AccountId'],
};
