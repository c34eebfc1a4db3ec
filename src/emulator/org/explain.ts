import type { Actor } from '../engine/actor.ts';
import type { OrgState } from '../engine/org-state.ts';
import { planQuery, runQuery } from '../engine/query-engine.ts';
import { quoted } from '../schema/field.ts';
import type { JsonObject } from '../schema/json.ts';

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
