import type { ChildRelationshipDocument, DescribeDocument } from '../schema/describe-document.ts';
import { buildField, type FieldFacts } from './field-builder.ts';

export interface ObjectFacts {
  readonly name: string;
  readonly label?: string;
  readonly labelPlural?: string;
  readonly keyPrefix: string | null;
  readonly fields: readonly FieldFacts[];
  readonly childRelationships?: readonly ChildRelationshipDocument[];
  readonly flags?: Partial<DescribeDocument>;
}

/** A full describe document: Salesforce's keys, with the values of an ordinary object where the facts say nothing. */
export function buildObject(facts: ObjectFacts): DescribeDocument {
  const { name } = facts;
  const label = facts.label ?? name.replace(/__c$/, '').replaceAll('_', ' ');
  const base = `/services/data/v{version}/sobjects/${name}`;
  return {
    actionOverrides: [],
    activateable: false,
    associateEntityType: null,
    associateParentEntity: null,
    childRelationships: [...(facts.childRelationships ?? [])],
    compactLayoutable: true,
    createable: true,
    custom: name.endsWith('__c'),
    customSetting: false,
    deepCloneable: false,
    defaultImplementation: null,
    deletable: true,
    deprecatedAndHidden: false,
    extendedBy: null,
    extendsInterfaces: null,
    feedEnabled: false,
    fields: facts.fields.map(buildField),
    hasSubtypes: false,
    implementedBy: null,
    implementsInterfaces: null,
    isInterface: false,
    isSubtype: false,
    keyPrefix: facts.keyPrefix,
    label,
    labelPlural: facts.labelPlural ?? `${label}s`,
    layoutable: true,
    listviewable: null,
    lookupLayoutable: null,
    mergeable: false,
    mruEnabled: true,
    name,
    namedLayoutInfos: [],
    networkScopeFieldName: null,
    queryable: true,
    recordTypeInfos: [
      {
        active: true,
        available: true,
        defaultRecordTypeMapping: true,
        developerName: 'Master',
        master: true,
        name: 'Master',
        recordTypeId: '012000000000000AAA',
        urls: { layout: `${base}/describe/layouts/012000000000000AAA` },
      },
    ],
    replicateable: true,
    retrieveable: true,
    searchLayoutable: true,
    searchable: true,
    sobjectDescribeOption: 'FULL',
    supportedScopes: [
      { label: `All ${label.toLowerCase()}s`, name: 'everything' },
      { label: `My ${label.toLowerCase()}s`, name: 'mine' },
    ],
    triggerable: true,
    undeletable: true,
    updateable: true,
    urls: {
      compactLayouts: `${base}/describe/compactLayouts`,
      rowTemplate: `${base}/{ID}`,
      approvalLayouts: `${base}/describe/approvalLayouts`,
      uiDetailTemplate: '/{ID}',
      uiEditTemplate: '/{ID}/e',
      describe: `${base}/describe`,
      uiNewRecord: `/${facts.keyPrefix ?? ''}/e`,
      quickActions: `${base}/quickActions`,
      layouts: `${base}/describe/layouts`,
      sobject: base,
    },
    ...facts.flags,
  };
}
