import type { Answer } from '../http/answer.ts';
import { emptyAnswer } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { Described } from '../org/org.ts';
import type { ApiContext } from './api-context.ts';
import { headerDate } from './row-condition.ts';

/** GET `/sobjects` (Describe Global). */
export function describeGlobal(request: ApiRequest, _params: PathParams, context: ApiContext): Answer {
  const { document, lastModifiedMs } = context.emulation.org.describeGlobal(context.actor);
  return described(
    request,
    { document: { encoding: 'UTF-8', maxBatchSize: 200, sobjects: document }, lastModifiedMs },
    context,
  );
}

/** GET `/sobjects/Contact/describe` (sObject Describe), conditional by If-Modified-Since. */
export function describeObject(
  request: ApiRequest,
  { object = '' }: PathParams,
  context: ApiContext,
): Answer {
  return described(request, context.emulation.org.describe(context.actor, object), context);
}

const basicKeys = [
  'activateable',
  'createable',
  'custom',
  'customSetting',
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
  'urls',
];

/** GET `/sobjects/Contact` (sObject Basic Information): a short description and what the user saw last. */
export function basicInformation(
  request: ApiRequest,
  { object = '' }: PathParams,
  context: ApiContext,
): Answer {
  const { document, lastModifiedMs } = context.emulation.org.describe(context.actor, object);
  const objectDescribe = Object.fromEntries(
    basicKeys.flatMap((k) => (k in document ? [[k, document[k]]] : [])),
  );
  const recentItems = context.emulation.org
    .recent(context.actor, { apiVersion: context.apiVersion, limit: 200 })
    .filter((r) => (r.attributes as { type?: string } | undefined)?.type === document.name);
  return described(request, { document: { objectDescribe, recentItems }, lastModifiedMs }, context);
}

function described(
  request: ApiRequest,
  { document, lastModifiedMs }: Described<unknown>,
  { apiVersion }: ApiContext,
): Answer {
  const since = headerDate(request, 'if-modified-since');
  const headers = { 'Last-Modified': new Date(lastModifiedMs).toUTCString() };
  if (since !== undefined && Math.floor(lastModifiedMs / 1_000) * 1_000 <= since)
    return emptyAnswer(304, headers);
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json;charset=UTF-8', ...headers },
    body: JSON.stringify(document).replaceAll('{version}', apiVersion),
  };
}
