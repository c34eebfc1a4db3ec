import type { HttpHost } from '../http/http-host.ts';
import type { Org } from '../org/org.ts';
import type { ApiHost } from '../rest/api-host.ts';

/** Everything one emulator holds; two of them share nothing. */
export interface Emulation extends HttpHost, ApiHost {
  readonly org: Org;
  /** A reset that is under way: only what resets it may change this. */
  resetting: Promise<void> | undefined;
}
