import { NumberText } from '../../../base/number-text.ts';
import type { SyncedObject } from '../../../org/synced-object.ts';
import type { Field } from '../../ports/field.ts';
import { meantField, suggestField } from './suggest-field.ts';

/** A parent named by one of its fields: `Account.ExtId__c`, `ReportsTo.Email`, `Owner.Username`. */
export interface ParentColumn {
  kind: 'parent';
  /** The record's own field, which takes the parent's Id. */
  reference: Field;
  object: string;
  by: Field;
}

/** What a column, or a member of a JSON record, means for a record. */
export type Column =
  | { kind: 'id' }
  | { kind: 'is-deleted' }
  /** What Salesforce's own answers carry and no record has. */
  | { kind: 'attributes' }
  | { kind: 'field'; field: Field }
  | ParentColumn
  /** A parent as such: null takes it away, and nothing else can be said of it. */
  | { kind: 'relationship'; reference: Field }
  /** `meant`: the field that the name is a label or another spelling of. */
  | { kind: 'unknown'; message: string; meant: string | null };

/** Null: the org has no such object, or this user may not see it. */
export type DescribeObject = (object: string) => Promise<readonly Field[] | null>;

/** JSON records may bring ever new names; those of a file are far fewer. */
const rememberedNames = 5_000;

/**
 * Finds out once what each column name means. Names are taken without regard to case, as the API does. The parents'
 * own fields are asked of the org, so that names are prepared before they are looked up.
 */
export class Columns {
  readonly #object: SyncedObject;
  readonly #fields: readonly Field[];
  readonly #byName: ReadonlyMap<string, Field>;
  readonly #describe: DescribeObject;
  readonly #columns = new Map<string, Column>();

  constructor(object: SyncedObject, fields: readonly Field[], describe: DescribeObject) {
    this.#object = object;
    this.#fields = fields;
    this.#byName = new Map(fields.map((field) => [field.name.toLowerCase(), field]));
    this.#describe = describe;
  }

  async prepare(names: Iterable<string>): Promise<void> {
    if (this.#columns.size > rememberedNames) this.#columns.clear();
    for (const name of names) {
      if (!this.#columns.has(name)) this.#columns.set(name, await this.#find(name));
    }
  }

  of(name: string): Column {
    const column = this.#columns.get(name);
    if (column === undefined) throw new Error(`The column ${name} was not prepared.`);
    return column;
  }

  /** Whether it says something of a parent: names it by a field, or takes it away. */
  isParent(name: string): boolean {
    const { kind } = this.of(name);
    return kind === 'parent' || kind === 'relationship';
  }

  field(name: string): Field | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  async #find(name: string): Promise<Column> {
    const lower = name.trim().toLowerCase();
    if (lower === 'id') return { kind: 'id' };
    if (lower === 'isdeleted') return { kind: 'is-deleted' };
    if (lower === 'attributes') return { kind: 'attributes' };
    const field = this.#byName.get(lower);
    if (field !== undefined) return { kind: 'field', field };
    const reference = this.#reference(lower);
    if (reference !== undefined) return { kind: 'relationship', reference };
    // A polymorphic parent may be named with its object, as in Bulk API headers: `User:Owner.Username`.
    const [, object, relationship, by] = /^(?:(\w+):)?(\w+)\.(\w+)$/.exec(name.trim()) ?? [];
    const parent = relationship === undefined ? undefined : this.#reference(relationship.toLowerCase());
    if (parent !== undefined && by !== undefined) return this.#parent(parent, object, by);
    const parts = this.#partsOf(lower.replace(/\.\w+$/, ''));
    if (parts.length > 0) {
      return {
        kind: 'unknown',
        message: `${name} is only read as a whole; it is set by ${parts.join(', ')}.`,
        meant: null,
      };
    }
    // A field that Salesforce alone sets would only be the next fault.
    const settable = this.#fields.filter(
      ({ type, createable, updateable }) => type === 'id' || createable || updateable,
    );
    return {
      kind: 'unknown',
      message: `${this.#object.name} has no field ${name}${suggestField(name, settable)}.`,
      meant: meantField(name, settable),
    };
  }

  /** Of an address as a whole, which describe has as a field and no record can set: `MailingAddress`. */
  #partsOf(lower: string): string[] {
    const [, stem] = /^(\w+)address$/.exec(lower) ?? [];
    if (stem === undefined) return [];
    const parts = ['street', 'city', 'state', 'postalcode', 'country'];
    if (!this.#byName.has(`${stem}street`)) return [];
    return parts.flatMap((part) => this.#byName.get(stem + part)?.name ?? []);
  }

  #reference(relationship: string): Field | undefined {
    return this.#fields.find(
      (field) => field.type === 'reference' && relationshipOf(field).toLowerCase() === relationship,
    );
  }

  async #parent(reference: Field, object: string | undefined, by: string): Promise<Column> {
    if (by.toLowerCase() === 'id') return { kind: 'field', field: reference };
    const objects = reference.referenceTo.filter(
      (name) => object === undefined || name.toLowerCase() === object.toLowerCase(),
    );
    const usable: string[] = [];
    for (const name of objects) {
      const fields = (await this.#describe(name)) ?? [];
      const found = fields.find((field) => field.name.toLowerCase() === by.toLowerCase());
      if (found !== undefined && tellsApart(found, name)) {
        return { kind: 'parent', reference, object: name, by: found };
      }
      usable.push(...fields.filter((field) => tellsApart(field, name)).map((field) => field.name));
    }
    const hint = usable.length > 0 ? `; it is found by ${usable.slice(0, 10).join(', ')}` : '';
    return {
      kind: 'unknown',
      message: `${relationshipOf(reference)} cannot be found by ${by}${hint}.`,
      meant: null,
    };
  }
}

/** Fields that name one record: external ids, those that describe calls idLookup, and the name people know. */
function tellsApart(field: Field, object: string): boolean {
  if (field.externalId || field.idLookup || field.nameField) return field.name !== 'Id';
  return object === 'RecordType' && field.name === 'DeveloperName';
}

function relationshipOf({ name, relationshipName }: Field): string {
  // A describe that an older version has stored does not have it.
  return relationshipName ?? name.replace(/__c$/, '__r').replace(/Id$/, '');
}

/**
 * A record's names and values, a nested parent (`{"Account": {"ExtId__c": "x"}}`) as the column that CSV would
 * have for it.
 */
export function membersOf(fields: Readonly<Record<string, unknown>>): [name: string, value: unknown][] {
  const members = Object.entries(fields);
  for (const member of members) {
    const [name, value] = member;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) continue;
    if (value instanceof NumberText || name === 'attributes') continue;
    const own = Object.entries(value).filter(([key]) => key !== 'attributes' && key !== 'type');
    const [only] = own;
    if (only === undefined || own.length > 1) continue;
    member[0] = `${name}.${only[0]}`;
    member[1] = only[1];
  }
  return members;
}
