import type { Emulation } from '../emulation.ts';
import type { Answer } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Session } from '../oauth/sessions.ts';
import type { Actor } from '../org/org.ts';

/** Who asks, in which version of the API. */
export interface ApiContext {
  readonly emulation: Emulation;
  readonly session: Session;
  readonly actor: Actor;
  /** `62`. */
  readonly versionNumber: number;
  /** `62.0`. */
  readonly apiVersion: string;
  /** `/services/data/v62.0`. */
  readonly base: string;
  /** Answers a subrequest of a composite request by this session; `url` with its version. */
  readonly dispatch: (request: ApiRequest) => Answer;
}
