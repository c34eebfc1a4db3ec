import type { Field } from '../sync/ports/field.ts';
import { isObject } from './answer-values.ts';

/**
 * Types that no column holds: compound fields, whose parts are fields of their own, and values that neither
 * bulk CSV nor a query page carries.
 */
const leftOut = new Set(['address', 'location', 'base64', 'complexvalue', 'anyType']);

/** The `fields` of a describe answer, reduced. Source: Object Reference, "sObject Describe". */
export function describedFields(described: readonly unknown[]): Field[] {
  return described
    .filter(isObject)
    .filter((field) => typeof field.name === 'string' && !leftOut.has(text(field.type)))
    .map((field) => ({
      name: text(field.name),
      label: text(field.label),
      type: text(field.type),
      length: number(field.length),
      precision: number(field.precision),
      scale: number(field.scale),
      digits: number(field.digits),
      nillable: field.nillable === true,
      createable: field.createable === true,
      updateable: field.updateable === true,
      calculated: field.calculated === true,
      defaultedOnCreate: field.defaultedOnCreate === true,
      externalId: field.externalId === true,
      unique: field.unique === true,
      idLookup: field.idLookup === true,
      caseSensitive: field.caseSensitive === true,
      custom: field.custom === true,
      restrictedPicklist: field.restrictedPicklist === true,
      picklistValues: activeValues(field.picklistValues),
      referenceTo: Array.isArray(field.referenceTo) ? field.referenceTo.map(text) : [],
      relationshipName: text(field.relationshipName) || null,
      nameField: field.nameField === true,
    }));
}

function activeValues(values: unknown): string[] {
  if (!Array.isArray(values)) return [];
  return values
    .filter(isObject)
    .filter(({ active }) => active !== false)
    .map(({ value }) => text(value));
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
