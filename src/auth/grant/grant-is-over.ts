import type { Credential } from '../credential.ts';
import { endsGrant } from '../oauth-error.ts';

/**
 * Whether Salesforce has said that this grant will never be taken again. A refusal that was noted by an older
 * version and is none by today's table does not count: the grant is offered again.
 */
export function grantIsOver({ refused }: Pick<Credential, 'refused'>): boolean {
  return refused !== null && endsGrant(refused);
}
