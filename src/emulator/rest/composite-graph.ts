import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { jsonObject } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { ApiContext } from './api-context.ts';
import { readSubrequests, runSubrequests } from './composite.ts';

/** Composite Graph: "75 graphs … 500 nodes per payload". */
const graphLimit = 75;
const nodeLimit = 500;

/** POST `/composite/graph`: each graph succeeds or is rolled back as a whole. */
export function compositeGraph(request: ApiRequest, _params: PathParams, context: ApiContext): Answer {
  const { graphs } = jsonObject(request);
  if (!Array.isArray(graphs) || graphs.length === 0) {
    throw apiError(400, 'JSON_PARSER_ERROR', 'The graphs property is required and must be a filled array.');
  }
  if (graphs.length > graphLimit) {
    throw apiError(400, 'LIMIT_EXCEEDED', `At most ${graphLimit} graphs are allowed in one request.`);
  }
  const read = graphs.map((item: unknown) => {
    const graph = item !== null && typeof item === 'object' ? (item as Record<string, unknown>) : {};
    if (typeof graph.graphId !== 'string') {
      throw apiError(400, 'JSON_PARSER_ERROR', 'Missing required field: graphId');
    }
    return {
      graphId: graph.graphId,
      subrequests: readSubrequests(graph.compositeRequest, 'compositeRequest', nodeLimit),
    };
  });
  if (read.reduce((sum, g) => sum + g.subrequests.length, 0) > nodeLimit) {
    throw apiError(400, 'LIMIT_EXCEEDED', `At most ${nodeLimit} nodes are allowed in one request.`);
  }
  return jsonAnswer(200, {
    graphs: read.map(({ graphId, subrequests }) => {
      const compositeResponse = runSubrequests(subrequests, true, context);
      const isSuccessful = compositeResponse.every((r) => r.httpStatusCode < 400);
      return { graphId, graphResponse: { compositeResponse }, isSuccessful };
    }),
  });
}
