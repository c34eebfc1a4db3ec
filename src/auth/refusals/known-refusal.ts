import type { ErrorCode } from '../../base/error-codes.ts';
import type { RefusalKind } from '../../base/refusal-kind.ts';

/** Which request was refused: the same words mean different things. */
export type OAuthStep =
  | 'authorize'
  | 'code'
  | 'refresh'
  | 'jwt'
  | 'client-credentials'
  | 'revoke'
  | 'userinfo';

export interface KnownRefusal {
  error: RegExp;
  /** Salesforce gives many causes one `error`, and tells them apart only in the description. */
  description?: RegExp;
  during?: readonly OAuthStep[];
  kind: RefusalKind;
  /** By its kind, unless told. */
  code?: ErrorCode;
  message: string;
  hint: string;
  /** Of an assertion: a clock that is minutes off explains it. */
  orClock?: true;
  /** Another refresh of the same token is under way: waited for, then asked again. */
  race?: true;
  /** In a renewal: a login helps. */
  needsLogin?: true;
  /** In a renewal: this refresh token will never be taken again, so that it is noted and not offered any more. */
  final?: true;
}
