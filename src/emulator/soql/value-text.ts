import type { Field } from '../schema/field.ts';
import { quoted } from '../schema/field.ts';
import { textConstant } from './sql.ts';

/** Parts of a compound address in REST's spelling, in REST's order, by the ends of the fields' names. */
const ADDRESS_KEYS = [
  ['city', 'City'],
  ['country', 'Country'],
  ['countryCode', 'CountryCode'],
  ['geocodeAccuracy', 'GeocodeAccuracy'],
  ['latitude', 'Latitude'],
  ['longitude', 'Longitude'],
  ['postalCode', 'PostalCode'],
  ['state', 'State'],
  ['stateCode', 'StateCode'],
  ['street', 'Street'],
] as const;

/** A value as an argument of SQLite's `json_object`, written as REST writes it. */
export function jsonArgument(type: string, expression: string): string {
  switch (type) {
    case 'boolean':
      return `json(iif(${expression}, 'true', 'false'))`;
    case 'datetime':
      return `${expression} || '+0000'`;
    default:
      return expression;
  }
}

/** A value as text for CSV, '' for null: bulk results write instants with a Z (Bulk API 2.0, "Valid date formats"). */
export function csvArgument(type: string, expression: string): string {
  switch (type) {
    case 'boolean':
      return `iif(${expression}, 'true', 'false')`;
    case 'datetime':
      return `ifnull(${expression} || 'Z', '')`;
    default:
      return `ifnull(${expression}, '')`;
  }
}

/** A compound address or location as nested JSON, null where all its parts are. */
export function compoundJson(field: Field, alias: string): string {
  const part = (suffix: string) =>
    field.parts.find((candidate) => candidate.name.toLowerCase().endsWith(suffix.toLowerCase()));
  const keys: (readonly [string, Field])[] = [];
  if (field.type === 'location') {
    for (const key of ['latitude', 'longitude']) {
      const found = part(`__${key}__s`) ?? part(key);
      if (found) keys.push([key, found]);
    }
  } else {
    const prefix = field.name.replace(/Address$/, '');
    for (const [key, suffix] of ADDRESS_KEYS) {
      const found = field.parts.find((candidate) => candidate.name === prefix + suffix);
      if (found) keys.push([key, found]);
    }
  }
  if (keys.length === 0) return 'null';
  const columns = keys.map(([, found]) => `${alias}.${quoted(found.name)}`);
  const pairs = keys.map(([key], index) => `${textConstant(key)}, ${columns[index]}`);
  return `json(case when coalesce(${columns.join(', ')}, null) is null then null else json_object(${pairs.join(', ')}) end)`;
}

/** A picklist value's label in place of the value (`toLabel`). */
export function labelSql(field: Field, expression: string): string {
  const renamed = field.document.picklistValues.filter(
    (entry) => entry.label !== null && entry.label !== entry.value,
  );
  if (renamed.length === 0) return expression;
  const cases = renamed.map(
    (entry) => `when ${textConstant(entry.value)} then ${textConstant(entry.label ?? entry.value)}`,
  );
  return `case ${expression} ${cases.join(' ')} else ${expression} end`;
}

/** A value as the user's locale (en_US) shows it (`FORMAT`). */
export function formattedSql(type: string, expression: string): string {
  const date = `(cast(strftime('%m', ${expression}) as integer) || '/' || cast(strftime('%d', ${expression}) as integer) || '/' || strftime('%Y', ${expression}))`;
  switch (type) {
    case 'date':
      return date;
    case 'datetime':
      return `${date} || ', ' || ((cast(strftime('%H', ${expression}) as integer) + 11) % 12 + 1) || strftime(':%M ', ${expression}) || iif(cast(strftime('%H', ${expression}) as integer) < 12, 'AM', 'PM')`;
    case 'currency':
      return `iif(${expression} is null, null, printf('USD %,.2f', ${expression}))`;
    case 'int':
      return `iif(${expression} is null, null, printf('%,d', ${expression}))`;
    default:
      return `cast(${expression} as text)`;
  }
}
