import type { BulkHost } from '../bulk/bulk-context.ts';
import type { ApiUsage } from '../http/api-usage.ts';
import type { OAuthContext } from '../oauth/oauth-context.ts';
import type { QueryCursors } from './query-cursors.ts';

/** What the resources below `/services/data` need of one emulator. */
export interface ApiHost extends BulkHost {
  readonly oauth: OAuthContext;
  readonly usage: ApiUsage;
  readonly cursors: QueryCursors;
}
