import type { JsonObject, JsonValue } from '../schema/json.ts';
import type { ApiContext } from './api-context.ts';

/** A record in the UI API's form: each field with value and display value (UI API, Record). */
export function uiRecord(
  object: string,
  id: string,
  context: ApiContext,
  only?: readonly string[],
): JsonObject {
  const { emulation, actor, apiVersion } = context;
  const row = emulation.org.retrieve(actor, object, id, only ? { apiVersion, fields: only } : { apiVersion });
  const stamps = emulation.org.retrieve(actor, object, id, {
    apiVersion,
    fields: ['Id', 'LastModifiedById', 'LastModifiedDate', 'SystemModstamp'],
  });
  const modified = String(stamps.SystemModstamp ?? '');
  const etag = Date.parse(modified.replace('+0000', 'Z'));
  return {
    apiName: object,
    childRelationships: {},
    eTag: `${String(stamps.Id)}-${etag}`,
    fields: uiFields(row),
    id: String(stamps.Id),
    lastModifiedById: stamps.LastModifiedById ?? null,
    lastModifiedDate: isoValue(stamps.LastModifiedDate ?? null),
    recordTypeId: null,
    recordTypeInfo: null,
    systemModstamp: isoValue(stamps.SystemModstamp ?? null),
    weakEtag: etag,
  };
}

function uiFields(row: JsonObject): JsonObject {
  const fields: JsonObject = {};
  for (const [name, value] of Object.entries(row)) {
    if (name === 'attributes') continue;
    const parent = parentOf(value);
    if (parent) fields[name] = { displayValue: nameOf(parent), value: parentRecord(parent) };
    else if (value === null || typeof value !== 'object') {
      fields[name] = { displayValue: null, value: isoValue(value) };
    }
  }
  return fields;
}

/** A parent's row, which comes with its attributes; undefined for any other value. */
function parentOf(value: JsonValue): JsonObject | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  return 'attributes' in value ? (value as JsonObject) : undefined;
}

function nameOf(parent: JsonObject): JsonValue {
  return typeof parent.Name === 'string' ? parent.Name : null;
}

/** A parent holds the fields that were asked for by its relationship, and no more. */
function parentRecord(parent: JsonObject): JsonObject {
  const { type = null, url = '' } = parent.attributes as JsonObject;
  return {
    apiName: type,
    childRelationships: {},
    fields: uiFields(parent),
    id: String(url).split('/').at(-1) ?? null,
    recordTypeId: null,
    recordTypeInfo: null,
  };
}

/** The UI API writes datetimes with `Z`, where REST has `+0000`. */
function isoValue(value: JsonValue): JsonValue {
  return typeof value === 'string' ? value.replace(/^(\d{4}-\d\d-\d\dT[\d:.]+)\+0000$/, '$1Z') : value;
}
