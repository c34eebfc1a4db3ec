import type { OpenTransactionRequest, Targets } from '../org/org.ts';
import type { JsonObject } from '../schema/json.ts';
import type { ControlBody } from './control-input.ts';
import { asObject, need, onlyKeys, readCount, readIds, readTargets } from './control-input.ts';

/** `{ids | count, set?}` */
export function readTouch(body: ControlBody): Targets & { set?: JsonObject } {
  onlyKeys(body, ['ids', 'count', 'set']);
  const targets = readTargets(body);
  return body.set === undefined ? targets : { ...targets, set: asObject(body.set, '"set"') as JsonObject };
}

/**
 * `{create | touch | delete | undelete: …}` with the bodies of the controls of these names, or `{}` to hold coverage
 * back only. A number stands for `{count}` and a list for `{ids}`.
 */
export function readTransaction(body: ControlBody): OpenTransactionRequest {
  onlyKeys(body, ['create', 'touch', 'delete', 'undelete']);
  const request: { -readonly [K in keyof OpenTransactionRequest]: OpenTransactionRequest[K] } = {};
  if (body.create !== undefined) {
    const create = part(body, 'create');
    onlyKeys(create, ['count', 'seed']);
    const seed = readCount(create, 'seed', { max: Number.MAX_SAFE_INTEGER });
    const count = need(readCount(create, 'count'), 'create.count');
    request.create = seed === undefined ? { count } : { count, seed };
  }
  if (body.touch !== undefined) request.touch = readTouch(part(body, 'touch'));
  if (body.delete !== undefined) {
    const targets = part(body, 'delete');
    onlyKeys(targets, ['ids', 'count']);
    request.delete = readTargets(targets);
  }
  if (body.undelete !== undefined) {
    const undelete = part(body, 'undelete');
    onlyKeys(undelete, ['ids']);
    request.undelete = { ids: need(readIds(undelete, 'ids'), 'undelete.ids') };
  }
  return request;
}

function part(body: ControlBody, key: string): ControlBody {
  const value = body[key];
  if (typeof value === 'number') return { count: value };
  if (Array.isArray(value)) return { ids: value };
  return asObject(value, `"${key}"`);
}
