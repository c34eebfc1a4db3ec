import { type Field, quoted } from '../schema/field.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import type { Schema } from '../schema/schema.ts';
import { formulaSql } from './formula.ts';
import { offsetOf, soqlFault, unsupported } from './soql-fault.ts';
import { joined, NOTHING, type Sql, sql } from './sql.ts';

/** SOQL reference, "Relationship Query Limitations": levels from child to parent. */
const DEEPEST_PATH = 5;

/** What a query needs to know of the org to be translated. */
export interface QueryContext {
  readonly schema: Schema;
  readonly query: string;
  readonly nowMs: number;
  /** The user who asks, for USING SCOPE mine. */
  readonly userId: string;
  /** queryAll. */
  readonly all: boolean;
  /** For the org itself: fields hidden by field-level security too. */
  readonly everyField?: boolean;
  /** A condition that leaves out rows hidden from the actor by sharing; undefined where none of the object are. */
  readonly hiddenRows: (object: ObjectSchema, alias: string) => Sql | undefined;
  readonly numberOf: (id: string) => number | undefined;
  /** Asks for an index on a field that is filtered by; whether the table is large enough to have one. */
  readonly wantIndex: (object: ObjectSchema, field: Field) => boolean;
  /** Set where the answer depends on the day it is asked. */
  readonly sawRelativeDate: () => void;
  /** Every field that the query reads, with its object. */
  readonly usedFields: Map<Field, ObjectSchema>;
}

/** A field found by its path, with the SQL that reads it. */
export interface Resolved {
  readonly field: Field;
  readonly object: ObjectSchema;
  readonly sql: string;
  /** Relationship names on the way, in the described spelling; empty for the object's own field. */
  readonly path: readonly string[];
  /** Whether it is a column of the object after FROM itself. */
  readonly own: boolean;
}

export interface Joined {
  readonly alias: string;
  readonly object: ObjectSchema;
}

/** One SELECT's names: its object, its alias, and the parents it joins on the way. */
export class Scope {
  readonly object: ObjectSchema;
  readonly alias: string;
  readonly context: QueryContext;
  /** Whether an index finds the rows, so that they do not come in the order of their Ids by themselves. */
  seeks = false;
  readonly #soqlAlias: string | undefined;
  readonly #joins = new Map<string, Joined & { readonly clause: Sql }>();

  constructor(object: ObjectSchema, alias: string, context: QueryContext, soqlAlias?: string) {
    this.object = object;
    this.alias = alias;
    this.context = context;
    this.#soqlAlias = soqlAlias?.toLowerCase();
  }

  get joins(): Sql {
    return this.#joins.size === 0
      ? NOTHING
      : joined(
          [...this.#joins.values()].map((join) => join.clause),
          '',
        );
  }

  /** The rows of this scope's object that the actor may see. */
  get visible(): Sql[] {
    return visibleRows(this.object, this.alias, this.context);
  }

  /** `Name`, `Account.Name`, `Contact.Name`, `c.Name`. INVALID_FIELD where a part is not there or not visible. */
  resolve(dotted: string): Resolved {
    const parts = dotted.split('.');
    if (parts.length > 1 && this.#namesThis(parts[0]!)) parts.shift();
    const name = parts.pop()!;
    const { joined: at, path } = this.walk(parts, dotted);
    const field = this.context.everyField ? at.object.field(name) : at.object.visibleField(name);
    if (!field) throw this.#noSuchColumn(name, dotted, at.object);
    for (const used of [field, ...field.parts]) this.context.usedFields.set(used, at.object);
    const text =
      field.storage === 'formula'
        ? formulaSql(field, at.object, this.context.schema, at.alias)
        : `${at.alias}.${quoted(field.name)}`;
    return { field, object: at.object, sql: text, path, own: path.length === 0 };
  }

  /** Joins the parents along relationship names. */
  walk(names: readonly string[], dotted: string): { joined: Joined; path: string[] } {
    if (names.length > DEEPEST_PATH) {
      throw soqlFault(
        'MALFORMED_QUERY',
        this.context.query,
        offsetOf(this.context.query, dotted),
        `SOQL relationship traversal cannot exceed ${DEEPEST_PATH} levels`,
      );
    }
    let at: Joined = { alias: this.alias, object: this.object };
    const path: string[] = [];
    for (const name of names) {
      const reference = at.object.relationship(name);
      const known = reference && (this.context.everyField || !at.object.isHidden(reference));
      const targets = known ? this.#targets(reference) : [];
      const [target] = targets;
      if (!reference || !target) throw this.#noSuchRelationship(name, dotted);
      if (targets.length > 1 || asksForType(reference, name, dotted)) {
        const kinds = reference.document.referenceTo.join(', ');
        throw unsupported(this.context.query, dotted, `The polymorphic relationship ${name} (${kinds})`);
      }
      path.push(reference.document.relationshipName!);
      this.context.usedFields.set(reference, at.object);
      at = this.#join(at, reference, target, path.join('.').toLowerCase());
    }
    return { joined: at, path };
  }

  #namesThis(name: string): boolean {
    const wanted = name.toLowerCase();
    if (this.#soqlAlias !== undefined && wanted === this.#soqlAlias) return true;
    return wanted === this.object.name.toLowerCase() && !this.object.relationship(name);
  }

  /** A reference to several objects can be followed where only one of them is in this org. */
  #targets(reference: Field): readonly ObjectSchema[] {
    return reference.document.referenceTo.flatMap((name) => this.context.schema.find(name) ?? []);
  }

  #join(from: Joined, reference: Field, object: ObjectSchema, key: string): Joined {
    const known = this.#joins.get(key);
    if (known) return known;
    const alias = `${this.alias}_${this.#joins.size + 1}`;
    const conditions = [
      sql(`${alias}."Id" = ${from.alias}.${quoted(reference.name)}`),
      ...visibleRows(object, alias, this.context),
    ];
    const on = joined(conditions, ' and ');
    const clause = { text: ` left join ${quoted(object.name)} ${alias} on ${on.text}`, values: on.values };
    const join = { alias, object, clause };
    this.#joins.set(key, join);
    return join;
  }

  #noSuchColumn(name: string, dotted: string, object: ObjectSchema) {
    const { query } = this.context;
    return soqlFault(
      'INVALID_FIELD',
      query,
      offsetOf(query, dotted) || offsetOf(query, name),
      `No such column '${name}' on entity '${object.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`,
    );
  }

  #noSuchRelationship(name: string, dotted: string) {
    const { query } = this.context;
    return soqlFault(
      'INVALID_FIELD',
      query,
      offsetOf(query, dotted),
      `Didn't understand relationship '${name}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`,
    );
  }
}

/** `What.Type`, the name of the object that a polymorphic reference points to. */
function asksForType(reference: Field, name: string, dotted: string): boolean {
  return (
    reference.document.referenceTo.length > 1 && dotted.toLowerCase().endsWith(`${name}.type`.toLowerCase())
  );
}

function visibleRows(object: ObjectSchema, alias: string, context: QueryContext): Sql[] {
  const conditions: Sql[] = [];
  if (!context.all && object.field('IsDeleted')) conditions.push(sql(`${alias}."IsDeleted" = 0`));
  const hidden = context.hiddenRows(object, alias);
  if (hidden) conditions.push(hidden);
  return conditions;
}
