import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { ApiContext } from './api-context.ts';

/** GET `/services/data/vNN.0` (Resources by Version), with the session's identity URL. */
export function resources(_request: ApiRequest, _params: PathParams, context: ApiContext): Answer {
  const { base, emulation, actor } = context;
  const { instanceUrl, directory } = emulation.oauth;
  return jsonAnswer(200, {
    composite: `${base}/composite`,
    identity: `${instanceUrl}/id/${directory.orgId}/${actor.userId}`,
    jobs: `${base}/jobs`,
    limits: `${base}/limits`,
    parameterizedSearch: `${base}/parameterizedSearch`,
    query: `${base}/query`,
    queryAll: `${base}/queryAll`,
    recent: `${base}/recent`,
    search: `${base}/search`,
    sobjects: `${base}/sobjects`,
    'ui-api': `${base}/ui-api`,
  });
}

/** GET `/recent?limit=`: what the user created or changed last (Recently Viewed Items). */
export function recent(request: ApiRequest, _params: PathParams, context: ApiContext): Answer {
  const asked = Number(request.query.get('limit') ?? 200);
  const limit = Number.isInteger(asked) && asked > 0 ? Math.min(asked, 200) : 200;
  return jsonAnswer(
    200,
    context.emulation.org.recent(context.actor, { apiVersion: context.apiVersion, limit }),
  );
}
