import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Actor } from '../engine/actor.ts';
import type { OrgState } from '../engine/org-state.ts';
import { csvFetch, fetchRows, type Planned, planQuery, takeRids } from '../engine/query-engine.ts';
import { OrgFault } from '../schema/fault.ts';
import { parseSoql } from '../soql/parse.ts';
import { aggregates } from '../soql/select-list.ts';
import { malformed } from '../soql/soql-fault.ts';
import type { RowsPlan } from '../soql/translate.ts';
import { BLOCK_ROWS, BulkSpool } from './bulk-spool.ts';
import type { BulkFormat, BulkRows } from './org.ts';

const DELIMITERS: Readonly<Record<BulkFormat['columnDelimiter'], string>> = {
  BACKQUOTE: '`',
  CARET: '^',
  COMMA: ',',
  PIPE: '|',
  SEMICOLON: ';',
  TAB: '\t',
};

/** Blocks rendered between two breaths of the event loop: some 15 ms. */
const BLOCKS_A_BREATH = 8;
/** Results that no job holds any more are kept for the next equal query up to this. */
const KEPT_BYTES = 1 << 30;

interface Kept {
  readonly spool: BulkSpool;
  /** Settles when the spool is finished. */
  readonly done: Promise<void>;
}

/** Runs bulk queries into files, and hands a finished file out again while neither query nor data have changed. */
export class BulkQueries {
  readonly #state: OrgState;
  readonly #kept = new Map<string, Kept>();
  #files = 0;

  constructor(state: OrgState) {
    this.#state = state;
  }

  /** Parses, and refuses what the Bulk API refuses (Bulk API 2.0, "Considerations for query jobs"). */
  check(actor: Actor, soql: string): { object: string } {
    return { object: this.#plan(actor, soql, false).plan.object.name };
  }

  async run(
    actor: Actor,
    soql: string,
    options: BulkFormat & { readonly all: boolean; readonly signal?: AbortSignal },
  ): Promise<BulkRows> {
    const { plan, relative, vanished } = this.#plan(actor, soql, options.all);
    const { columnDelimiter, lineEnding, all, signal } = options;
    signal?.throwIfAborted();
    const version = this.#state.storage.version;
    const key = JSON.stringify([
      soql,
      actor.userId,
      all,
      columnDelimiter,
      lineEnding,
      relative ? this.#files : version,
    ]);
    let kept = this.#kept.get(key);
    if (!kept) {
      kept = this.#render(plan, options, vanished);
      this.#kept.set(key, kept);
      kept.done.catch(() => this.#kept.delete(key));
    }
    const { spool } = kept;
    spool.retain();
    try {
      await abortable(kept.done, signal);
    } catch (error) {
      spool.release();
      throw error;
    }
    this.#forgetOld(key, relative);
    return this.#rowsOf(spool, plan, options);
  }

  close(): void {
    for (const { spool } of this.#kept.values()) spool.drop();
    this.#kept.clear();
  }

  #plan(
    actor: Actor,
    soql: string,
    all: boolean,
  ): { plan: RowsPlan; relative: boolean; vanished: Planned['vanished'] } {
    refuseForBulk(soql);
    const { plan, relative, vanished } = planQuery(this.#state, actor, soql, { all, bulk: true });
    if (plan.kind !== 'rows') throw malformed('Aggregate Relationships not supported in Bulk Query');
    if (plan.selection.compounds.length > 0) {
      throw new OrgFault('FUNCTIONALITY_NOT_ENABLED', 'Selecting compound data not supported in Bulk Query');
    }
    return { plan, relative, vanished };
  }

  #render(plan: RowsPlan, format: BulkFormat, vanished: Planned['vanished']): Kept {
    const lineEnding = format.lineEnding === 'CRLF' ? '\r\n' : '\n';
    const spool = new BulkSpool(join(this.#state.storage.folder, `bulk-${++this.#files}.csv`), lineEnding);
    const rids = takeRids(this.#state, plan);
    const fetch = csvFetch(plan, DELIMITERS[format.columnDelimiter], lineEnding);
    const work = async () => {
      for (let at = 0, block = 1; at < rids.length; at += BLOCK_ROWS, block++) {
        const gone = vanished();
        if (gone !== undefined) {
          throw new OrgFault('INVALID_FIELD', `No such column '${gone}' on entity '${plan.object.name}'.`);
        }
        const { rows, json: lines } = fetchRows(this.#state, fetch, rids, at, BLOCK_ROWS);
        spool.append(rows, lines);
        if (block % BLOCKS_A_BREATH === 0) await breathe();
      }
      spool.finish();
    };
    const render = async () => {
      spool.retain();
      try {
        await work();
      } catch (error) {
        spool.drop();
        throw error;
      } finally {
        spool.release();
      }
    };
    return { spool, done: render() };
  }

  #rowsOf(spool: BulkSpool, plan: RowsPlan, format: BulkFormat): BulkRows {
    const delimiter = DELIMITERS[format.columnDelimiter];
    const names = plan.selection.columns.map((column) => `"${column.header}"`);
    const header = Buffer.from(names.join(delimiter) + (format.lineEnding === 'CRLF' ? '\r\n' : '\n'));
    let released = false;
    return {
      rows: spool.rows,
      header,
      read: (offset, count) => spool.read(offset, count),
      release: () => {
        if (!released) spool.release();
        released = true;
        this.#shrink();
      },
    };
  }

  /** A result that no query can ask for again goes as soon as its job lets go of it. */
  #forgetOld(key: string, relative: boolean): void {
    const version = this.#state.storage.version;
    for (const [other, { spool }] of this.#kept) {
      const usable = JSON.parse(other).at(-1) === version;
      if (other === key ? relative : !usable) {
        this.#kept.delete(other);
        spool.drop();
      }
    }
  }

  #shrink(): void {
    const idle = [...this.#kept].filter(([, { spool }]) => !spool.inUse);
    let bytes = idle.reduce((sum, [, { spool }]) => sum + spool.bytes, 0);
    for (const [key, { spool }] of idle) {
      if (bytes <= KEPT_BYTES) return;
      bytes -= spool.bytes;
      this.#kept.delete(key);
      spool.drop();
    }
  }
}

function refuseForBulk(soql: string): void {
  const { query } = parseSoql(soql);
  const fields = query.fields ?? [];
  if (query.groupBy) throw malformed('GROUP BY is not supported in Bulk Query');
  if (aggregates(query)) throw malformed('Aggregate functions are not supported in Bulk Query');
  if (query.offset !== undefined) throw malformed('OFFSET is not supported in Bulk Query');
  if (fields.some((field) => field.type === 'FieldTypeof'))
    throw malformed('TYPEOF is not supported in Bulk Query');
  if (fields.some((field) => field.type === 'FieldSubquery')) {
    throw malformed('Nested queries are not supported in Bulk Query');
  }
}

async function abortable(done: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return done;
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([done, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
