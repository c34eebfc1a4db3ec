import type { Joined, Resolved, Scope } from './scope.ts';
import { malformed, offsetOf, soqlFault } from './soql-fault.ts';
import { concatenated, joined, type Sql, sql, textConstant } from './sql.ts';
import { compoundJson, csvArgument, jsonArgument } from './value-text.ts';

/** SQLite takes 1,000 arguments a function: so many pairs go into one `json_object`. */
const PAIRS_AT_MOST = 400;

interface Leaf {
  readonly key: string;
  readonly json: Sql;
}

/** One record of the answer and the parents nested in it, in the order in which the query names them. */
class SelectNode {
  readonly #at: Joined;
  readonly #leaves = new Map<string, Leaf>();
  readonly #parents = new Map<string, { readonly key: string; readonly node: SelectNode }>();
  readonly #order: string[] = [];

  constructor(at: Joined) {
    this.#at = at;
  }

  has(key: string): boolean {
    const wanted = key.toLowerCase();
    return this.#leaves.has(wanted) || this.#parents.has(wanted);
  }

  add(key: string, json: Sql): void {
    this.#leaves.set(key.toLowerCase(), { key, json });
    this.#order.push(key.toLowerCase());
  }

  parent(key: string, at: Joined): SelectNode {
    const wanted = key.toLowerCase();
    let entry = this.#parents.get(wanted);
    if (!entry) {
      entry = { key, node: new SelectNode(at) };
      this.#parents.set(wanted, entry);
      this.#order.push(wanted);
    }
    return entry.node;
  }

  /** The record as JSON text; `base` is `/services/data/vNN.0/sobjects`. */
  json(base: string): Sql {
    const { alias, object } = this.#at;
    const url = textConstant(`${base}/${object.name}/`);
    const pairs = [
      sql(`'attributes', json_object('type', ${textConstant(object.name)}, 'url', ${url} || ${alias}."Id")`),
    ];
    for (const key of this.#order) {
      const leaf = this.#leaves.get(key);
      const parent = this.#parents.get(key);
      if (leaf) pairs.push(concatenated(`${textConstant(leaf.key)}, `, leaf.json));
      if (parent) {
        const inner = parent.node.json(base);
        const there = `${parent.node.#at.alias}."Id" is null`;
        pairs.push(
          concatenated(
            `${textConstant(parent.key)}, json(case when ${there} then null else `,
            inner,
            ' end)',
          ),
        );
      }
    }
    return objectOf(pairs);
  }
}

/** One JSON object of any number of keys with their values, each written as arguments of `json_object`. */
export function objectOf(pairs: readonly Sql[]): Sql {
  if (pairs.length <= PAIRS_AT_MOST) return concatenated('json_object(', joined(pairs, ', '), ')');
  const pieces: Sql[] = [];
  for (let at = 0; at < pairs.length; at += PAIRS_AT_MOST) {
    const piece = concatenated('json_object(', joined(pairs.slice(at, at + PAIRS_AT_MOST), ', '), ')');
    // Without its first and its last brace, to be glued to the next.
    pieces.push(concatenated('(select substr(o, 2, length(o) - 2) from (select ', piece, ' as o))'));
  }
  return concatenated("json('{' || ", joined(pieces, " || ',' || "), " || '}')");
}

/** A column of a bulk result. */
export interface CsvColumn {
  readonly header: string;
  readonly text: Sql;
}

/** What a SELECT of rows asks for: the tree for JSON and the list for CSV. */
export class Selection {
  readonly root: SelectNode;
  readonly columns: CsvColumn[] = [];
  /** Compound fields among the columns, which CSV cannot hold. */
  readonly compounds: string[] = [];
  readonly #scope: Scope;

  constructor(scope: Scope) {
    this.#scope = scope;
    this.root = new SelectNode({ alias: scope.alias, object: scope.object });
  }

  addField(name: string): void {
    const resolved = this.#scope.resolve(name);
    this.addResolved(resolved, jsonOf(resolved), name);
  }

  /** Adds a value under the field's own name, or under an alias. */
  addResolved(resolved: Resolved, json: string, asked: string, alias?: string): void {
    let node = this.root;
    for (let depth = 1; depth <= resolved.path.length; depth++) {
      const names = resolved.path.slice(0, depth);
      node = node.parent(names.at(-1)!, this.#scope.walk(names, asked).joined);
    }
    const key = alias ?? resolved.field.name;
    if (node.has(key)) throw this.#duplicate(key, asked);
    node.add(key, sql(json));
    if (resolved.field.storage === 'compound') this.compounds.push(resolved.field.name);
    this.columns.push({
      header: [...resolved.path, key].join('.'),
      text: sql(csvArgument(resolved.field.type, resolved.sql)),
    });
  }

  addChildren(key: string, json: Sql): void {
    if (this.root.has(key)) throw malformed(`duplicate relationship selected: ${key}`);
    this.root.add(key, json);
  }

  #duplicate(key: string, asked: string) {
    const { query } = this.#scope.context;
    const first = offsetOf(query, asked);
    const offset = offsetOf(query, asked, first + 1) || first;
    return soqlFault('MALFORMED_QUERY', query, offset, `duplicate field selected: ${key}`);
  }
}

export function jsonOf(resolved: Resolved): string {
  if (resolved.field.storage === 'compound') {
    return compoundJson(resolved.field, resolved.sql.slice(0, resolved.sql.indexOf('.')));
  }
  return jsonArgument(resolved.field.type, resolved.sql);
}
