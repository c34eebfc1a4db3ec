import { bulkIngestRoutes } from '../bulk/ingest-routes.ts';
import { bulkQueryRoutes } from '../bulk/query-routes.ts';
import { Router } from '../http/router.ts';
import type { ApiContext } from './api-context.ts';
import { createMany, deleteMany, retrieveMany, updateMany, upsertMany } from './collections.ts';
import { composite } from './composite.ts';
import { compositeBatch } from './composite-batch.ts';
import { compositeGraph } from './composite-graph.ts';
import { compositeTree } from './composite-tree.ts';
import { basicInformation, describeGlobal, describeObject } from './describe.ts';
import { deleteRowByExternalId, readRowByExternalId, upsertRow } from './external-id.ts';
import { limits, recordCount } from './limits.ts';
import { missingResource } from './missing-resources.ts';
import { query, queryAll, queryMore } from './query.ts';
import { deleted, updated } from './replication.ts';
import { recent, resources } from './resources.ts';
import { createRow, createRowWithoutId, deleteRow, readRow, updateRow } from './rows.ts';
import { parameterizedSearch, search } from './search.ts';
import { createUiRecord, deleteUiRecord, readUiRecord, updateUiRecord } from './ui-records.ts';

/** Every resource below `/services/data/vNN.0`. */
export function createApiRouter(): Router<ApiContext> {
  const router = new Router<ApiContext>(missingResource)
    .on('GET', '/', resources)
    .on('GET', '/limits', limits)
    .on('GET', '/limits/recordCount', recordCount)
    .on('GET', '/recent', recent)
    .on('GET', '/query', query)
    .on('GET', '/query/:locator', queryMore)
    .on('GET', '/queryAll', queryAll)
    .on('GET', '/queryAll/:locator', queryMore)
    .on('GET', '/search', search)
    .on('GET', '/parameterizedSearch', parameterizedSearch)
    .on('POST', '/parameterizedSearch', parameterizedSearch)
    .on('GET', '/sobjects', describeGlobal)
    .on('GET', '/sobjects/:object', basicInformation)
    .on('POST', '/sobjects/:object', createRow)
    .on('POST', '/sobjects/:object/Id', createRowWithoutId)
    .on('GET', '/sobjects/:object/describe', describeObject)
    .on('GET', '/sobjects/:object/updated', updated)
    .on('GET', '/sobjects/:object/deleted', deleted)
    .on('GET', '/sobjects/:object/:id', readRow)
    .on('PATCH', '/sobjects/:object/:id', updateRow)
    .on('DELETE', '/sobjects/:object/:id', deleteRow)
    .on('GET', '/sobjects/:object/:field/:value', readRowByExternalId)
    .on('PATCH', '/sobjects/:object/:field/:value', upsertRow)
    .on('DELETE', '/sobjects/:object/:field/:value', deleteRowByExternalId)
    .on('POST', '/composite', composite)
    .on('POST', '/composite/batch', compositeBatch)
    .on('POST', '/composite/graph', compositeGraph)
    .on('POST', '/composite/tree/:object', compositeTree)
    .on('POST', '/composite/sobjects', createMany)
    .on('PATCH', '/composite/sobjects', updateMany)
    .on('DELETE', '/composite/sobjects', deleteMany)
    .on('GET', '/composite/sobjects/:object', retrieveMany)
    .on('POST', '/composite/sobjects/:object', retrieveMany)
    .on('PATCH', '/composite/sobjects/:object/:field', upsertMany)
    .on('POST', '/ui-api/records', createUiRecord)
    .on('GET', '/ui-api/records/:id', readUiRecord)
    .on('PATCH', '/ui-api/records/:id', updateUiRecord)
    .on('DELETE', '/ui-api/records/:id', deleteUiRecord);
  bulkQueryRoutes(router);
  bulkIngestRoutes(router);
  return router;
}
