import type { JsonObject, OpenTransactionRequest, Targets } from '../org/org.ts';
import type { ControlBody } from './control-input.ts';
import { asObject, need, onlyKeys, readCount, readIds, readTargets } from './control-input.ts';

/** `{ids | count, set?}` */
export function readTouch(body: ControlBody): Targets & { set?: JsonObject } {
  onlyKeys(body, ['ids', 'count', 'set']);
  const targets = readTargets(body);
  return body.set === undefined ? targets : { ...targets, set: asObject(body.set, '"set"') as JsonObject };
}

/** `{create | touch | delete | undelete: …}`, or `{}` to hold coverage back only. */
export function readTransaction(body: ControlBody): OpenTransactionRequest {
  onlyKeys(body, ['create', 'touch', 'delete', 'undelete']);
  const request: { -readonly [K in keyof OpenTransactionRequest]: OpenTransactionRequest[K] } = {};
  if (body.create !== undefined) {
    const create = asObject(body.create, '"create"');
    onlyKeys(create, ['count', 'seed']);
    const seed = readCount(create, 'seed', { max: Number.MAX_SAFE_INTEGER });
    const count = need(readCount(create, 'count'), 'create.count');
    request.create = seed === undefined ? { count } : { count, seed };
  }
  if (body.touch !== undefined) request.touch = readTouch(asObject(body.touch, '"touch"'));
  if (body.delete !== undefined) {
    const targets = asObject(body.delete, '"delete"');
    onlyKeys(targets, ['ids', 'count']);
    request.delete = readTargets(targets);
  }
  if (body.undelete !== undefined) {
    const undelete = asObject(body.undelete, '"undelete"');
    onlyKeys(undelete, ['ids']);
    request.undelete = { ids: need(readIds(undelete, 'ids'), 'undelete.ids') };
  }
  return request;
}
