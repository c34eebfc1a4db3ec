import { AppError } from '../../base/errors.ts';
import { sameId } from '../../org/record-id.ts';
import type { OrgRecord } from '../org-record.ts';
import { checkAlias, checkAliasFree } from './alias.ts';

/**
 * Throws AppError `INVALID_INPUT` for an alias that cannot be one or belongs to another org, and `ORG_CONNECTED` where
 * the org is new here but its org id is connected under another address.
 */
export function checkPut(org: OrgRecord, known: readonly OrgRecord[]): void {
  if (org.alias !== null) checkAlias(org.alias);
  const isKnown = known.some(({ instanceUrl }) => instanceUrl === org.instanceUrl);
  const twin = known.find(({ orgId }) => sameId(orgId, org.orgId));
  if (twin !== undefined && !isKnown) throw connectedAs(twin);
  if (org.alias !== null) checkAliasFree(org.alias, known, org.instanceUrl);
}

export function connectedAs({ instanceUrl }: OrgRecord): AppError {
  return new AppError('ORG_CONNECTED', `This org is connected already, as ${instanceUrl}.`, {
    hint: 'An org is connected once. `parahack-sync login --instance-url URL --client-id ID --move` at its new address takes its files there.',
    details: { instanceUrl },
  });
}

export function notConnected(instanceUrl: string): AppError {
  return new AppError('UNKNOWN_ORG', `${instanceUrl} is not connected.`, {
    hint: `Connect it with: parahack-sync login --instance-url ${instanceUrl} --client-id ID`,
  });
}
