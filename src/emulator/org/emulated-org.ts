import { type OrgState, rowKey } from '../engine/org-state.ts';
import { runQuery } from '../engine/query-engine.ts';
import { BulkQueries } from './bulk-query.ts';
import { createControl } from './control.ts';
import { describeGlobal, describeObject } from './describe.ts';
import { explainQuery } from './explain.ts';
import { createKeptAnswers } from './kept-answers.ts';
import type { Org } from './org.ts';
import { queryColumns } from './query-columns.ts';
import { recentRows } from './recent.ts';
import { getDeleted, getUpdated } from './replication.ts';
import { idsBy, modifiedAtMs, retrieve, retrieveBy, retrieveMany } from './retrieve.ts';
import { search } from './search.ts';
import { createRecord, writeEach } from './write/dml.ts';
import { mergeRecords } from './write/merge.ts';
import { deleteRecord, undeleteRecord } from './write/remove.ts';
import { updateRecords } from './write/update.ts';
import { upsertRecords } from './write/upsert.ts';

export interface OrgIdentity {
  readonly id: string;
  readonly name: string;
  readonly seed: number;
}

/** Puts the parts of an org together. Whatever is called first lets late commits become visible that are due. */
export function createOrg(state: OrgState, identity: OrgIdentity, reset: () => Promise<void>): Org {
  const bulk = new BulkQueries(state);
  let closed = false;
  const settled = <A extends unknown[], R>(work: (...args: A) => R) => {
    return (...args: A): R => {
      state.commits.settle(state.clock.now());
      return work(...args);
    };
  };
  return {
    ...identity,
    users: state.users,
    clock: state.clock,
    control: createControl(state, reset),
    answers: createKeptAnswers(state.storage, () => state.clock.now()),
    dataVersion: settled(() => state.storage.version),
    describe: (_actor, object) => describeObject(state, object),
    describeGlobal: () => describeGlobal(state),
    objectOfId: (id) => state.schema.ofId(id)?.name,
    query: settled((actor, soql, options) => runQuery(state, actor, soql, options)),
    explain: settled((actor, soql) => explainQuery(state, actor, soql)),
    columns: settled((actor, soql) => queryColumns(state, actor, soql)),
    search: settled((actor, sosl, { apiVersion }) => search(state, actor, sosl, apiVersion)),
    recent: settled((actor, options) => recentRows(state, actor, options)),
    checkBulkQuery: (actor, soql) => bulk.check(actor, soql),
    bulkQuery: settled((actor, soql, options) => bulk.run(actor, soql, options)),
    retrieve: settled((actor, object, id, options) => {
      const key = rowKey(state, id);
      const read = () => retrieve(state, actor, object, id, options);
      return key && state.commits.wroteNow(key.object, key.rid)
        ? state.commits.tried(key.object, key.rid, read)
        : read();
    }),
    retrieveBy: settled((actor, object, field, value, options) =>
      retrieveBy(state, actor, object, field, value, options),
    ),
    retrieveMany: settled((actor, object, ids, fields, options) =>
      retrieveMany(state, actor, object, ids, { ...options, fields }),
    ),
    idsBy: settled((actor, object, field, value) => idsBy(state, actor, object, field, value)),
    modifiedAtMs: settled((actor, object, id, options) => modifiedAtMs(state, actor, object, id, options)),
    ...writes(state, settled),
    transaction: settled(<T>(work: () => T) => state.commits.transaction(work)) as Org['transaction'],
    asOneRequest: (work) => state.commits.asOneRequest(work),
    getUpdated: settled((actor, object, start, end) => getUpdated(state, actor, object, start, end)),
    getDeleted: settled((actor, object, start, end) => getDeleted(state, actor, object, start, end)),
    close: () => {
      if (closed) return;
      closed = true;
      bulk.close();
      try {
        // What was answered is done, though nobody could see it yet; a transaction still open is rolled back.
        state.commits.settle(Number.POSITIVE_INFINITY);
      } finally {
        state.storage.close();
      }
    },
  };
}

type Writes = Pick<Org, 'create' | 'update' | 'upsert' | 'delete' | 'undelete' | 'merge'>;

function writes(
  state: OrgState,
  settled: <A extends unknown[], R>(work: (...args: A) => R) => (...args: A) => R,
): Writes {
  return {
    create: settled((actor, records, options = {}) =>
      writeEach(state, records, options, (record) => createRecord(state, actor, record, options)),
    ),
    update: settled((actor, records, options = {}) => updateRecords(state, actor, records, options)),
    upsert: settled((actor, field, records, options = {}) =>
      upsertRecords(state, actor, field, records, options),
    ),
    delete: settled((actor, ids, options = {}) => {
      const object = options.object === undefined ? undefined : state.schema.require(options.object);
      return writeEach(state, ids, options, (id) =>
        deleteRecord(state, actor, id, { object, hard: options.hard }),
      );
    }),
    undelete: settled((actor, ids, options = {}) =>
      writeEach(state, ids, options, (id) => undeleteRecord(state, actor, id)),
    ),
    merge: settled((actor, request) => mergeRecords(state, actor, request)),
  };
}
