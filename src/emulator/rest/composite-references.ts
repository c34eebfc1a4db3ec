import { apiError } from '../http/api-error.ts';

/** The results that later subrequests may refer to, by reference id. */
export type ReferenceResults = ReadonlyMap<string, unknown>;

const reference = /@\{([^}]+)\}/g;

/**
 * Replaces `@{ref.id}` and `@{ref.records[0].Id}` in every string of a value (Composite, "Reference Object
 * Fields"). An unknown reference is an error of the subrequest.
 */
export function resolveReferences(value: unknown, results: ReferenceResults): unknown {
  if (typeof value === 'string') return resolveText(value, results);
  if (Array.isArray(value)) return value.map((item) => resolveReferences(item, results));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, resolveReferences(item, results)]),
    );
  }
  return value;
}

export function resolveText(text: string, results: ReferenceResults): string {
  return text.replace(reference, (_whole, expression: string) => String(lookUp(expression, results)));
}

function lookUp(expression: string, results: ReferenceResults): string | number | boolean {
  const [name = '', ...path] = expression.replace(/\[(\d+)\]/g, '.$1').split('.');
  if (!results.has(name)) {
    throw apiError(
      400,
      'PROCESSING_HALTED',
      `Invalid reference specified. No value for ${expression} found.`,
    );
  }
  let value: unknown = results.get(name);
  for (const key of path) {
    value =
      value !== null && typeof value === 'object' && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined;
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw apiError(
    400,
    'PROCESSING_HALTED',
    `Invalid reference specified. No value for ${expression} found in ${name}`,
  );
}
