import type { ChildRelationshipDocument, DescribeDocument } from './describe-document.ts';
import { createField, type Field, isColumn } from './field.ts';

/** One object of the org: its document, its fields by name in any case, and which of them sessions may not see. */
export class ObjectSchema {
  readonly document: DescribeDocument;
  readonly name: string;
  readonly keyPrefix: string;
  /** All child relationships, of the document and of what other objects refer to this one. */
  children: ChildRelationshipDocument[];
  readonly #fields = new Map<string, Field>();
  readonly #hidden = new Set<string>();
  #all: readonly Field[] = [];
  #columns: readonly Field[] = [];

  constructor(document: DescribeDocument, keyPrefix: string) {
    this.document = document;
    this.name = document.name;
    this.keyPrefix = keyPrefix;
    this.children = document.childRelationships;
    for (const field of document.fields) this.#fields.set(field.name.toLowerCase(), createField(field));
    this.#fieldsChanged();
  }

  /** All fields, hidden ones too. */
  get fields(): readonly Field[] {
    return this.#all;
  }

  /** Fields with a column of their own. */
  get columns(): readonly Field[] {
    return this.#columns;
  }

  /** What API sessions see. */
  get visibleFields(): readonly Field[] {
    return this.fields.filter((field) => !this.isHidden(field));
  }

  field(name: string): Field | undefined {
    return this.#fields.get(name.toLowerCase());
  }

  visibleField(name: string): Field | undefined {
    const field = this.field(name);
    return field && !this.isHidden(field) ? field : undefined;
  }

  isHidden(field: Field): boolean {
    return this.#hidden.has(field.name.toLowerCase());
  }

  /** Replaces the set of fields hidden by field-level security. Id cannot be hidden. */
  hide(names: Iterable<string>): void {
    this.#hidden.clear();
    for (const name of names) if (name.toLowerCase() !== 'id') this.#hidden.add(name.toLowerCase());
  }

  addField(field: Field): void {
    this.document.fields.push(field.document);
    this.#fields.set(field.name.toLowerCase(), field);
    this.#fieldsChanged();
  }

  removeField(field: Field): void {
    this.document.fields.splice(this.document.fields.indexOf(field.document), 1);
    this.#fields.delete(field.name.toLowerCase());
    this.#hidden.delete(field.name.toLowerCase());
    this.#fieldsChanged();
  }

  /** The reference field behind a relationship name such as `Account` or `Parent__r`. */
  relationship(name: string): Field | undefined {
    const wanted = name.toLowerCase();
    return this.fields.find((field) => field.document.relationshipName?.toLowerCase() === wanted);
  }

  get nameField(): Field | undefined {
    return this.fields.find((field) => field.document.nameField);
  }

  /** Whether Name is put together from FirstName and LastName. */
  get hasPersonName(): boolean {
    return this.field('Name')?.document.createable === false && this.field('LastName') !== undefined;
  }

  #fieldsChanged(): void {
    this.#all = [...this.#fields.values()];
    this.#columns = this.#all.filter(isColumn);
    for (const field of this.#fields.values()) {
      if (field.storage !== 'compound') continue;
      const parts = this.fields.filter((part) => part.document.compoundFieldName === field.name);
      field.parts.splice(0, field.parts.length, ...parts);
    }
  }
}
