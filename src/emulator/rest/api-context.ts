import type { BulkContext } from '../bulk/bulk-context.ts';
import type { Answer } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Session } from '../oauth/sessions.ts';
import type { ApiHost } from './api-host.ts';

/** Who asks, in which version of the API. */
export interface ApiContext extends BulkContext {
  readonly emulation: ApiHost;
  readonly session: Session;
  /** Answers a subrequest of a composite request by this session; `url` with its version. */
  readonly dispatch: (request: ApiRequest) => Answer;
}
