import type { OrgState } from '../engine/org-state.ts';
import type { DescribeDocument } from '../schema/describe-document.ts';
import type { Described } from './org.ts';

/** The keys of one object in describeGlobal (REST API, "Describe Global"). */
const GLOBAL_KEYS = [
  'activateable',
  'associateEntityType',
  'associateParentEntity',
  'createable',
  'custom',
  'customSetting',
  'deepCloneable',
  'deletable',
  'deprecatedAndHidden',
  'feedEnabled',
  'hasSubtypes',
  'isInterface',
  'isSubtype',
  'keyPrefix',
  'label',
  'labelPlural',
  'layoutable',
  'mergeable',
  'mruEnabled',
  'name',
  'queryable',
  'replicateable',
  'retrieveable',
  'searchable',
  'triggerable',
  'undeletable',
  'updateable',
];

/** An object as API sessions see it: hidden fields are simply absent. */
export function describeObject(state: OrgState, name: string): Described<DescribeDocument> {
  const object = state.schema.require(name);
  const document = {
    ...object.document,
    fields: object.visibleFields.map((field) => field.document),
    childRelationships: object.children,
  };
  return { document, lastModifiedMs: state.describedMs };
}

export function describeGlobal(state: OrgState): Described<readonly Record<string, unknown>[]> {
  const document = state.schema.objects.map((object) => {
    const base = `/services/data/v{version}/sobjects/${object.name}`;
    const entry: Record<string, unknown> = {};
    for (const key of GLOBAL_KEYS) entry[key] = object.document[key];
    entry.urls = { rowTemplate: `${base}/{ID}`, describe: `${base}/describe`, sobject: base };
    return entry;
  });
  return { document, lastModifiedMs: state.describedMs };
}
