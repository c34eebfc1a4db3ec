import type { Queries } from '../../ports/queries.ts';
import { soqlString } from '../../soql.ts';
import { decimalText, parseDecimal } from '../values/decimal.ts';
import { isNumber } from '../values/number-forms.ts';
import { quoted, type Typed } from '../values/typed.ts';
import { typedValue } from '../values/typed-value.ts';
import type { ParentColumn } from './columns.ts';

export interface ParentName {
  column: ParentColumn;
  value: unknown;
}

const valuesPerQuery = 200;
/** Rows of an answer; as many may mean that there are more. */
const rowsPerQuery = 2_000;
/** Salesforce stops at 16,384 bytes; the token's growth is left room for. */
const mostRequestBytes = 12_000;
/** Ids kept from batch to batch: files name few parents often, or many once. */
const rememberedParents = 20_000;

/**
 * The Ids of parents that records name by a field. They are asked for before anything is stored, so that a name
 * without a record, or with several, is a fault with its place, and an entry of the outbox can be sent any way.
 */
export class Parents {
  readonly #queries: Queries;
  /** Whose parents they are. */
  readonly #object: string;
  /** Null: there is none; `several`: more than one. */
  readonly #ids = new Map<string, string | null | 'several'>();

  constructor(queries: Queries, object: string) {
    this.#queries = queries;
    this.#object = object;
  }

  async prepare(names: Iterable<ParentName>, options: { signal: AbortSignal }): Promise<void> {
    if (this.#ids.size > rememberedParents) this.#ids.clear();
    const wanted = new Map<string, { column: ParentColumn; values: Map<string, string> }>();
    for (const { column, value } of names) {
      const text = lookedUp(column, value);
      if (text === null || this.#ids.has(keyOf(column, text))) continue;
      const group = wanted.get(columnKey(column)) ?? { column, values: new Map() };
      group.values.set(keyOf(column, text), text);
      wanted.set(columnKey(column), group);
    }
    for (const { column, values } of wanted.values()) {
      const texts = [...values.values()];
      for (let at = 0; at < texts.length; at += valuesPerQuery) {
        await this.#ask(column, texts.slice(at, at + valuesPerQuery), options);
      }
    }
  }

  /** The Id of a prepared name; null where it is none, and the record may be without a parent. */
  idOf({ column, value }: ParentName): Typed {
    const typed = nameOf(column, value);
    if ('fault' in typed) return typed;
    // Whether the record may be without a parent says its own field.
    if (typed.value === null) return typedValue(null, column.reference);
    const text = String(typed.value);
    const id = this.#ids.get(keyOf(column, text));
    if (id === undefined) throw new Error(`The parent ${text} was not prepared.`);
    const { object, by } = column;
    if (id === null) {
      const message = `There is no ${object} whose ${by.name} is ${quoted(text)}.`;
      return { fault: { code: 'PARENT_NOT_FOUND', message } };
    }
    if (id !== 'several') return { value: id };
    const message = `There is more than one ${object} whose ${by.name} is ${quoted(text)}.`;
    return { fault: { code: 'PARENT_AMBIGUOUS', message } };
  }

  async #ask(
    column: ParentColumn,
    texts: readonly string[],
    options: { signal: AbortSignal },
  ): Promise<void> {
    const alone = texts.length === 1;
    const soql = queryOf(this.#object, column, texts, alone ? 2 : rowsPerQuery);
    const { records } =
      alone || this.#queries.requestBytes(soql) <= mostRequestBytes
        ? await this.#queries.all(soql, options)
        : { records: null };
    if (records === null || (!alone && records.length >= rowsPerQuery)) {
      const half = Math.ceil(texts.length / 2);
      await this.#ask(column, texts.slice(0, half), options);
      await this.#ask(column, texts.slice(half), options);
      return;
    }
    for (const text of texts) this.#ids.set(keyOf(column, text), null);
    for (const record of records) {
      const text = lookedUp(column, record[column.by.name]);
      if (text === null || typeof record.Id !== 'string') continue;
      const key = keyOf(column, text);
      const known = this.#ids.get(key);
      this.#ids.set(key, known === null || known === undefined ? record.Id : 'several');
    }
  }
}

function queryOf(
  child: string,
  { object, by }: ParentColumn,
  texts: readonly string[],
  limit: number,
): string {
  const values = texts.map((text) => (isNumber(by.type) ? text : soqlString(text)));
  // Record types of other objects may have the same name.
  const own = object === 'RecordType' ? ` AND SobjectType = ${soqlString(child)}` : '';
  return `SELECT Id, ${by.name} FROM ${object} WHERE ${by.name} IN (${values.join(', ')})${own} LIMIT ${limit}`;
}

/** No name means no parent, also where no parent is without a name. */
function nameOf({ by }: ParentColumn, value: unknown): Typed {
  return typedValue(value, { ...by, nillable: true });
}

/** The value as it is asked for; null where there is nothing to ask. */
function lookedUp(column: ParentColumn, value: unknown): string | null {
  const typed = nameOf(column, value);
  return 'value' in typed && typed.value !== null ? String(typed.value) : null;
}

function columnKey({ object, by }: ParentColumn): string {
  return `${object}.${by.name}`;
}

function keyOf(column: ParentColumn, text: string): string {
  return `${columnKey(column)} ${comparable(text, column.by)}`;
}

/** One form for all values that Salesforce takes for equal: numbers by value, texts by their case only where told. */
export function comparable(
  value: unknown,
  { type, caseSensitive }: { type: string; caseSensitive?: boolean },
): string {
  const text = String(value);
  if (isNumber(type)) {
    const decimal = parseDecimal(text);
    if (decimal !== null) return decimalText(decimal);
  }
  return caseSensitive === true ? text : text.toLowerCase();
}
