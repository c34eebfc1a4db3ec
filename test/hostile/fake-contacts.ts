export type FakeContact = Record<string, unknown> & { Id: string; SystemModstamp: string };

const types: Record<string, { type: string; more?: Record<string, unknown> }> = {
  Id: { type: 'id', more: { idLookup: true, nillable: false } },
  IsDeleted: { type: 'boolean' },
  MasterRecordId: { type: 'reference', more: { referenceTo: ['Contact'], nillable: true } },
  FirstName: { type: 'string', more: { createable: true, updateable: true, length: 40, nillable: true } },
  LastName: { type: 'string', more: { createable: true, updateable: true, length: 80, nillable: false } },
  Email: { type: 'email', more: { createable: true, updateable: true, length: 80, nillable: true } },
  Birthdate: { type: 'date', more: { createable: true, updateable: true, nillable: true } },
  Level__c: {
    type: 'picklist',
    more: {
      createable: true,
      updateable: true,
      nillable: true,
      picklistValues: [{ active: true, label: 'One', value: 'One' }],
    },
  },
  ExtId__c: {
    type: 'string',
    more: { createable: true, updateable: true, externalId: true, unique: true, length: 40, nillable: true },
  },
  CreatedDate: { type: 'datetime' },
  LastModifiedDate: { type: 'datetime' },
  SystemModstamp: { type: 'datetime' },
};

export const described = Object.entries(types).map(([name, { type, more }]) => ({
  name,
  label: name,
  type,
  length: 18,
  createable: false,
  updateable: false,
  nillable: false,
  picklistValues: [],
  referenceTo: [],
  ...more,
}));

export function apiTime(ms: number): string {
  return new Date(Math.floor(ms / 1_000) * 1_000).toISOString().replace('Z', '+0000');
}

/** A handful of contacts and what became of them. */
export class FakeContacts {
  readonly live = new Map<string, FakeContact>();
  readonly deleted = new Map<string, FakeContact & { at: string }>();
  #next = 1;

  create(values: Record<string, unknown>, now: number): FakeContact {
    const Id = `003000000${String(this.#next++).padStart(6, '0')}AAA`;
    const stamp = apiTime(now);
    const empty = Object.fromEntries(Object.keys(types).map((name) => [name, null]));
    const contact = {
      ...empty,
      ...values,
      Id,
      IsDeleted: false,
      CreatedDate: stamp,
      LastModifiedDate: stamp,
      SystemModstamp: stamp,
    };
    this.live.set(Id, contact);
    return contact;
  }

  update(id: string, values: Record<string, unknown>, now: number): boolean {
    const contact = this.live.get(id);
    if (contact === undefined) return false;
    Object.assign(contact, values, { Id: id, SystemModstamp: apiTime(now), LastModifiedDate: apiTime(now) });
    return true;
  }

  remove(id: string, now: number): boolean {
    const contact = this.live.get(id);
    if (contact === undefined) return false;
    this.live.delete(id);
    const at = apiTime(now);
    this.deleted.set(id, { ...contact, IsDeleted: true, SystemModstamp: at, at });
    return true;
  }

  all(): FakeContact[] {
    return [...this.live.values(), ...this.deleted.values()];
  }
}
