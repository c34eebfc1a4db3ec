import { OrgFault } from '../schema/fault.ts';
import type { Field } from '../schema/field.ts';
import type { JsonObject } from '../schema/json.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import { type ParsedSoql, parseSoql } from '../soql/parse.ts';
import type { QueryContext } from '../soql/scope.ts';
import type { CsvColumn } from '../soql/select-tree.ts';
import { concatenated, joined, type Sql, textConstant } from '../soql/sql.ts';
import {
  fetchSql,
  pageSql,
  type QueryPlan,
  type RowsPlan,
  type TranslateOptions,
  translate,
} from '../soql/translate.ts';
import type { Actor } from './actor.ts';
import type { OrgState } from './org-state.ts';
import type { QueryOptions, QueryPage, QueryResult } from './query-result.ts';

/** From this many rows on a filter gets an index made. */
const INDEX_FROM_ROWS = 20_000;
/** An aggregate's rows come in one page (error EXCEEDED_ID_LIMIT). */
const AGGREGATE_ROWS = 2000;
const INDEXED_TYPES = new Set(['datetime', 'date', 'reference', 'email']);
const EMPTY = Buffer.alloc(0);

export interface Planned {
  readonly plan: QueryPlan;
  /** The first field of the query that the org has no more; undefined as long as the plan is good. */
  readonly vanished: () => string | undefined;
  /** Whether another day would give another answer. */
  readonly relative: boolean;
}

/** Parses and translates a query as one user sees the org. */
export function planQuery(
  state: OrgState,
  actor: Actor,
  soql: string,
  options: TranslateOptions & { all?: boolean } = {},
): Planned {
  const parsed = parseSoql(soql);
  let relative = false;
  const context = queryContext(state, actor, parsed, options.all === true, () => {
    relative = true;
  });
  const plan = translate(parsed, context, options);
  return { plan, relative, vanished: () => vanishedField(context) };
}

/** A field that was removed and added again is another one. */
function vanishedField({ usedFields }: QueryContext): string | undefined {
  for (const [field, object] of usedFields) if (object.field(field.name) !== field) return field.name;
  return undefined;
}

export function queryContext(
  state: OrgState,
  actor: Actor,
  parsed: Pick<ParsedSoql, 'text'>,
  all: boolean,
  sawRelativeDate: () => void,
): QueryContext {
  return {
    schema: state.schema,
    query: parsed.text,
    nowMs: state.clock.now(),
    userId: actor.userId,
    all,
    hiddenRows: (object, alias) => state.visibility.condition(object, alias, actor.userId),
    numberOf: (id) => state.ids.numberOf(id),
    wantIndex: (object, field) => wantIndex(state, object, field, all),
    sawRelativeDate,
    usedFields: new Map(),
  };
}

function wantIndex(state: OrgState, object: ObjectSchema, field: Field, all: boolean): boolean {
  const { document } = field;
  const selective =
    INDEXED_TYPES.has(field.type) || document.externalId || document.unique || document.idLookup;
  if (!selective || field.type === 'id' || state.storage.rowsAtMost(object) < INDEX_FROM_ROWS) return false;
  state.storage.ensureIndex(object, field.name, all ? 'all' : 'live');
  return true;
}

export function runQuery(state: OrgState, actor: Actor, soql: string, options: QueryOptions): QueryResult {
  const planned = planQuery(state, actor, soql, {
    all: options.all === true,
    apiVersion: options.apiVersion,
  });
  return resultOf(state, planned, options.apiVersion);
}

function resultOf(state: OrgState, { plan, vanished }: Planned, apiVersion: string): QueryResult {
  switch (plan.kind) {
    case 'count': {
      const { n } = state.storage.get<{ n: number }>(plan.count.text, plan.count.values)!;
      return fixedResult(plan.object.name, 'count', n, []);
    }
    case 'aggregate': {
      const rows = state.storage.all<{ t: string }>(plan.rows.text, plan.rows.values).map((row) => row.t);
      if (rows.length > AGGREGATE_ROWS) {
        throw new OrgFault(
          'EXCEEDED_ID_LIMIT',
          'Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch',
        );
      }
      return fixedResult(plan.object.name, 'aggregate', rows.length, rows);
    }
    case 'rows':
      return rowsResult(state, plan, vanished, apiVersion);
  }
}

function fixedResult(
  object: string,
  kind: 'count' | 'aggregate',
  totalSize: number,
  rows: readonly string[],
): QueryResult {
  const slice = (offset: number, size: number) => rows.slice(offset, offset + size);
  return {
    totalSize,
    kind,
    object,
    page: (offset, size) => {
      const shown = slice(offset, size);
      return { rows: shown.length, json: Buffer.from(shown.join(',')) };
    },
    records: (offset, size) => slice(offset, size).map((text) => JSON.parse(text) as JsonObject),
  };
}

function rowsResult(
  state: OrgState,
  plan: RowsPlan,
  vanished: Planned['vanished'],
  apiVersion: string,
): QueryResult {
  const rids = takeRids(state, plan);
  const { text, before, after } = pageSql(plan, apiVersion);
  const page = (offset: number, size: number): QueryPage => {
    if (vanished() !== undefined) throw new OrgFault('INVALID_QUERY_LOCATOR', 'invalid query locator');
    return fetchRows(state, { text, before, after }, rids, offset, size);
  };
  return {
    totalSize: rids.length,
    kind: 'rows',
    object: plan.object.name,
    page,
    records: (offset, size) => JSON.parse(`[${page(offset, size).json.toString()}]`) as JsonObject[],
  };
}

/** The numbers of the matching rows, in order: 4 bytes a row. */
export function takeRids(state: OrgState, plan: RowsPlan): Int32Array {
  const statement = state.storage.pluck(plan.rids.text);
  return Int32Array.from(statement.all(...plan.rids.values) as number[]);
}

export interface Fetch {
  readonly text: string;
  readonly before: Sql;
  readonly after: Sql;
}

/** Rows by number, rendered by SQLite itself into one block of bytes. */
export function fetchRows(
  state: OrgState,
  fetch: Fetch,
  rids: Int32Array,
  offset: number,
  size: number,
): QueryPage {
  const wanted = rids.subarray(offset, offset + size);
  if (wanted.length === 0) return { rows: 0, json: EMPTY };
  const row = state.storage.get<{ n: number; j: Buffer | null }>(fetch.text, [
    ...fetch.before.values,
    `[${wanted.join(',')}]`,
    ...fetch.after.values,
  ])!;
  return { rows: row.n, json: row.j ?? EMPTY };
}

/** The fetch that renders rows as lines of CSV, every value quoted, without the last line's end. */
export function csvFetch(plan: RowsPlan, delimiter: string, lineEnding: string): Fetch {
  return fetchSql(plan, csvLine(plan.selection.columns, delimiter), textConstantOf(lineEnding));
}

/** SQLite takes 1,000 arguments a function. */
const VALUES_AT_MOST = 400;

function csvLine(columns: readonly CsvColumn[], delimiter: string): Sql {
  const pieces: Sql[] = [];
  for (let at = 0; at < columns.length; at += VALUES_AT_MOST) {
    const some = columns.slice(at, at + VALUES_AT_MOST);
    // `%w` doubles the quotes inside a value.
    const format = textConstant(some.map(() => '"%w"').join(delimiter));
    const values = joined(
      some.map((column) => column.text),
      ', ',
    );
    pieces.push(concatenated(`printf(${format}, `, values, ')'));
  }
  return joined(pieces, ` || ${textConstant(delimiter)} || `);
}

function textConstantOf(lineEnding: string): string {
  return lineEnding === '\r\n' ? 'char(13, 10)' : 'char(10)';
}
