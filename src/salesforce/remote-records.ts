import type { SyncedObject } from '../org/synced-object.ts';
import type { RemoteRecords } from '../sync/ports/remote-records.ts';
import { ingestJobs } from './bulk-ingest.ts';
import { createMany, deleteMany, updateMany, upsertMany } from './collections.ts';
import { describeObject } from './describe-object.ts';
import type { JsforceOptions } from './jsforce-call.ts';
import { countRecords, type QueryContext, retrieveRecords } from './queries.ts';
import { deletedRecords, updatedRecords } from './replication.ts';
import { createIdempotent } from './ui-api-create.ts';

/** The records of one object, over the parts of its org's connection. */
export function remoteRecords(
  object: SyncedObject,
  context: QueryContext & { apiVersion: string },
  jsforce: JsforceOptions,
): RemoteRecords {
  const { name } = object;
  return {
    changes: {
      updated: (window, { signal } = {}) => updatedRecords(jsforce, object, window, signal),
      deleted: (window, { signal } = {}) => deletedRecords(jsforce, object, window, signal),
    },
    writes: {
      createIdempotent: (record, o = {}) => createIdempotent(context, object, record, o),
      createMany: (records, o) => createMany(jsforce, object, records, o),
      updateMany: (records, o) => updateMany(jsforce, object, records, o),
      deleteMany: (ids, o) => deleteMany(jsforce, object, ids, o),
      upsertMany: (field, records, o) => upsertMany(jsforce, object, field, records, o),
    },
    ingest: ingestJobs(context, object),
    describe: (o = {}) => describeObject(jsforce, name, o),
    count: (where, { signal } = {}) => countRecords(context, name, where, signal),
    retrieve: (ids, fields, { signal } = {}) => retrieveRecords(context, name, ids, fields, signal),
  };
}
