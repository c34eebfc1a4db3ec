import { quoted } from './field.ts';
import type { Actor, JsonObject } from './org.ts';
import type { OrgState } from './org-state.ts';
import { planQuery, runQuery } from './query-engine.ts';
import { isCaseless } from './storage.ts';

/** REST API, "Query" with `explain`: how the query would be run. */
export function explainQuery(state: OrgState, actor: Actor, soql: string): JsonObject {
  const { plan } = planQuery(state, actor, soql);
  const { n } = state.storage.get<{ n: number }>(
    `select count(*) as n from ${quoted(plan.object.name)}`,
    [],
  )!;
  const cardinality =
    plan.kind === 'rows' ? runQuery(state, actor, soql, { apiVersion: '62.0' }).totalSize : 1;
  return {
    plans: [
      {
        cardinality,
        fields: [],
        leadingOperationType: cardinality < n / 10 ? 'Index' : 'TableScan',
        notes: [],
        relativeCost: n === 0 ? 0 : Math.round((cardinality / n) * 1000) / 1000,
        sobjectCardinality: n,
        sobjectType: plan.object.name,
      },
    ],
  };
}

/** REST API, "Query" with `columns=true`: what the columns of the answer are. */
export function queryColumns(state: OrgState, actor: Actor, soql: string): JsonObject {
  const { plan } = planQuery(state, actor, soql);
  const base = {
    entityName: plan.object.name,
    keyPrefix: plan.object.keyPrefix,
    idSelected: false,
    groupBy: false,
  };
  if (plan.kind !== 'rows') return { columnMetadata: [], ...base };
  const columnMetadata = plan.selection.columns.map(({ header }) => {
    const { field } = plan.scope.resolve(header);
    return {
      aggregate: false,
      apexType: field.type,
      booleanType: field.type === 'boolean',
      columnName: field.name,
      custom: field.document.custom,
      displayName: header,
      foreignKeyName: field.document.relationshipName,
      insertable: field.document.createable,
      joinColumns: [],
      numberType: field.storage === 'REAL' || field.type === 'int',
      textType: isCaseless(field) && field.storage === 'TEXT',
      updatable: field.document.updateable,
    };
  });
  return { ...base, columnMetadata, idSelected: plan.selection.root.has('Id') };
}
