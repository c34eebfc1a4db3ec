import { sameId } from '../../org/record-id.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { MirrorIdentity } from '../../sync/ports/mirror.ts';
import { forgetAgreement } from './cursor-records.ts';
import { readMeta, writeMeta } from './meta.ts';

export function readIdentity(db: Connection): MirrorIdentity | null {
  const orgId = readMeta(db, 'org_id');
  const userId = readMeta(db, 'user_id');
  const instanceUrl = readMeta(db, 'instance_url');
  return orgId === null || userId === null || instanceUrl === null ? null : { orgId, userId, instanceUrl };
}

export function writeIdentity(db: Connection, { orgId, userId, instanceUrl }: MirrorIdentity): void {
  const known = readIdentity(db);
  // Another user sees others: what was read is no more what the org shows.
  if (known !== null && !sameId(known.userId, userId)) forgetAgreement(db);
  writeMeta(db, 'org_id', orgId);
  writeMeta(db, 'user_id', userId);
  writeMeta(db, 'instance_url', instanceUrl);
}
