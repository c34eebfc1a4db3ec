import type { FieldFunctionExpression, FieldType } from '@jetstreamapp/soql-parser-js';
import type { Actor } from '../engine/actor.ts';
import type { OrgState } from '../engine/org-state.ts';
import { planQuery, queryContext } from '../engine/query-engine.ts';
import { type Field, isCaseless, isColumn } from '../schema/field.ts';
import type { JsonObject } from '../schema/json.ts';
import { parseSoql } from '../soql/parse.ts';
import { Scope } from '../soql/scope.ts';
import { AGGREGATES } from '../soql/select-list.ts';

interface Column {
  readonly columnName: string;
  readonly displayName: string;
  readonly aggregate: boolean;
  readonly field: Field | undefined;
  readonly joinColumns: Column[];
}

/**
 * REST API, "Query" with `columns=true`: what the columns of the answer are. Parents' fields and those of child
 * subqueries stand in `joinColumns`, the latter and functions with `aggregate` (the Salesforce CLI reads it so).
 */
export function queryColumns(state: OrgState, actor: Actor, soql: string): JsonObject {
  const { plan } = planQuery(state, actor, soql);
  const parsed = parseSoql(soql);
  const scope = new Scope(
    plan.object,
    'c',
    queryContext(state, actor, parsed, false, () => {}),
    parsed.query.sObjectAlias,
  );
  const columns = plan.kind === 'count' ? [] : columnsOf(parsed.query.fields ?? [], scope);
  return {
    entityName: plan.object.name,
    keyPrefix: plan.object.keyPrefix,
    groupBy: parsed.query.groupBy !== undefined,
    columnMetadata: columns.map(asJson),
    idSelected: columns.some((column) => column.columnName === 'Id'),
  };
}

function columnsOf(fields: readonly FieldType[], scope: Scope): Column[] {
  const columns: Column[] = [];
  let unnamed = 0;
  const addField = (dotted: string) => {
    const { field, path } = scope.resolve(dotted);
    let list = columns;
    for (const name of path) {
      let parent = list.find((column) => column.columnName === name && !column.field);
      if (!parent) {
        parent = { columnName: name, displayName: name, aggregate: false, field: undefined, joinColumns: [] };
        list.push(parent);
      }
      list = parent.joinColumns;
    }
    list.push(plain(field));
  };
  for (const item of fields) {
    switch (item.type) {
      case 'Field':
        addField(item.field);
        break;
      case 'FieldRelationship':
        addField([...item.relationships, item.field].join('.'));
        break;
      case 'FieldFunctionExpression':
        if (item.functionName.toUpperCase() === 'FIELDS') {
          for (const field of listed(String(item.parameters[0]), scope)) columns.push(plain(field));
        } else columns.push(ofFunction(item, scope, () => `expr${unnamed++}`));
        break;
      case 'FieldTypeof':
        for (const name of new Set(item.conditions.flatMap((condition) => condition.fieldList))) {
          addField(`${item.field}.${name}`);
        }
        break;
      case 'FieldSubquery': {
        const { subquery } = item;
        const child = scope.object.children.find(
          (entry) => entry.relationshipName?.toLowerCase() === subquery.relationshipName.toLowerCase(),
        );
        const object = child && scope.context.schema.find(child.childSObject);
        if (!child?.relationshipName || !object) break;
        const inner = new Scope(object, 's', scope.context, subquery.sObjectAlias);
        columns.push({
          columnName: child.relationshipName,
          displayName: child.relationshipName,
          aggregate: true,
          field: undefined,
          joinColumns: columnsOf(subquery.fields ?? [], inner),
        });
        break;
      }
    }
  }
  return columns;
}

function plain(field: Field): Column {
  return { columnName: field.name, displayName: field.name, aggregate: false, field, joinColumns: [] };
}

function ofFunction(item: FieldFunctionExpression, scope: Scope, unnamed: () => string): Column {
  const [argument] = item.parameters;
  const known = typeof argument === 'string' ? scope.resolve(argument).field : undefined;
  const name = item.functionName.toUpperCase();
  const keepsName = name === 'TOLABEL' || name === 'FORMAT' || name === 'CONVERTCURRENCY';
  const columnName = item.alias ?? (keepsName && known ? known.name : unnamed());
  const counts = AGGREGATES.has(name) && name.startsWith('COUNT');
  const displayName = keepsName ? columnName : (item.rawValue ?? columnName);
  return {
    columnName,
    displayName,
    aggregate: !keepsName,
    field: counts ? undefined : known,
    joinColumns: [],
  };
}

function listed(group: string, { object }: Scope): Field[] {
  const wanted = group.toUpperCase();
  return object.visibleFields.filter(
    (field) => wanted === 'ALL' || field.document.custom === (wanted === 'CUSTOM'),
  );
}

function asJson({ field, joinColumns, ...column }: Column): JsonObject {
  const text = field !== undefined && isColumn(field) && field.storage === 'TEXT' && isCaseless(field);
  return {
    ...column,
    apexType: field?.type ?? null,
    booleanType: field?.type === 'boolean',
    custom: field?.document.custom ?? false,
    foreignKeyName: field?.document.relationshipName ?? null,
    insertable: field?.document.createable ?? false,
    joinColumns: joinColumns.map(asJson),
    numberType: field !== undefined && (field.storage === 'REAL' || field.type === 'int'),
    textType: text,
    updatable: field?.document.updateable ?? false,
  };
}
