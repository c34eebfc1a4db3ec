/** A mistake in a control request; answered with status 400. */
export class ControlError extends Error {}

export type ControlBody = Record<string, unknown>;

export function asObject(value: unknown, what = 'The body'): ControlBody {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new ControlError(`${what} must be a JSON object.`);
  }
  return value as ControlBody;
}

/** Refuses keys that nobody reads: a misspelled one would silently do nothing. */
export function onlyKeys(body: ControlBody, allowed: readonly string[]): void {
  const unknown = Object.keys(body).find((key) => !allowed.includes(key));
  if (unknown !== undefined) {
    throw new ControlError(`"${unknown}" is not known here. Allowed: ${allowed.join(', ') || 'nothing'}.`);
  }
}

export function readCount(body: ControlBody, key: string, { max = 5_000_000 } = {}): number | undefined {
  const value = body[key];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) {
    throw new ControlError(`"${key}" must be a whole number from 0 to ${max}.`);
  }
  return value;
}

export function readIds(body: ControlBody, key: string): string[] | undefined {
  const value = body[key];
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.some((id) => typeof id !== 'string')) {
    throw new ControlError(`"${key}" must be an array of ids.`);
  }
  return value as string[];
}

export function readBoolean(body: ControlBody, key: string): boolean | undefined {
  const value = body[key];
  if (value !== undefined && typeof value !== 'boolean')
    throw new ControlError(`"${key}" must be true or false.`);
  return value;
}

export function readText(body: ControlBody, key: string): string | undefined {
  const value = body[key];
  if (value !== undefined && typeof value !== 'string') throw new ControlError(`"${key}" must be a string.`);
  return value;
}

export function need<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw new ControlError(`"${key}" is required.`);
  return value;
}

/** `{ids}` or `{count}`, one of them. */
export function readTargets(body: ControlBody): { ids: string[] } | { count: number } {
  const ids = readIds(body, 'ids');
  const count = readCount(body, 'count');
  if (ids !== undefined && count === undefined) return { ids };
  if (count !== undefined && ids === undefined) return { count };
  throw new ControlError('Either "ids" or "count" is required.');
}
