import type { DescribeDocument } from './describe-document.ts';
import { OrgFault } from './fault.ts';
import { ObjectSchema } from './object-schema.ts';

const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz';

/** All objects of one org. */
export class Schema {
  readonly #objects = new Map<string, ObjectSchema>();
  readonly #byPrefix = new Map<string, ObjectSchema>();

  constructor(documents: readonly DescribeDocument[]) {
    const taken = new Set(documents.map((document) => document.keyPrefix));
    for (const document of documents) {
      const keyPrefix = document.keyPrefix ?? this.#freePrefix(taken);
      document.keyPrefix = keyPrefix;
      taken.add(keyPrefix);
      const schema = new ObjectSchema(document, keyPrefix);
      this.#objects.set(schema.name.toLowerCase(), schema);
      this.#byPrefix.set(keyPrefix, schema);
    }
    this.linkChildren();
  }

  get objects(): readonly ObjectSchema[] {
    return [...this.#objects.values()];
  }

  find(name: string): ObjectSchema | undefined {
    return this.#objects.get(name.toLowerCase());
  }

  /** The object a REST path names; NOT_FOUND 404 as the API answers it. */
  require(name: string): ObjectSchema {
    const schema = this.find(name);
    if (!schema) throw new OrgFault('NOT_FOUND', 'The requested resource does not exist', { status: 404 });
    return schema;
  }

  ofId(id: string): ObjectSchema | undefined {
    return this.#byPrefix.get(id.slice(0, 3));
  }

  /** Child relationships follow from the reference fields of all objects; the parents' documents name them. */
  linkChildren(): void {
    for (const parent of this.objects) {
      const named = parent.document.childRelationships;
      const children = [];
      for (const child of this.objects) {
        for (const field of child.fields) {
          if (!field.document.referenceTo.some((name) => this.find(name) === parent)) continue;
          const known = named.find(
            (entry) =>
              entry.childSObject.toLowerCase() === child.name.toLowerCase() &&
              entry.field.toLowerCase() === field.name.toLowerCase(),
          );
          const relationshipName =
            known?.relationshipName ??
            (field.document.custom ? `${child.document.labelPlural.replaceAll(/\W+/g, '_')}__r` : null);
          children.push({
            deprecatedAndHidden: false,
            junctionIdListNames: [],
            junctionReferenceTo: [],
            restrictedDelete: field.document.restrictedDelete === true,
            ...known,
            cascadeDelete: known?.cascadeDelete ?? field.document.cascadeDelete === true,
            childSObject: child.name,
            field: field.name,
            relationshipName,
          });
        }
      }
      parent.children = children;
    }
  }

  #freePrefix(taken: ReadonlySet<string | null>): string {
    // Salesforce gives custom objects prefixes from a00 on.
    for (let number = 0; number < 36 * 36; number++) {
      const prefix = `a${BASE36[Math.floor(number / 36)]}${BASE36[number % 36]}`;
      if (!taken.has(prefix)) return prefix;
    }
    throw new OrgFault('INVALID_DESCRIBE', 'There are more custom objects than key prefixes.');
  }
}
