import { isoTime } from '../base/iso-time.ts';
import type { OutboxShowResult } from '../contract/outbox.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { OutboxEntry } from '../sync/ports/outbox-entry.ts';
import { liveContacts } from '../sync/push/settle/live-contacts.ts';
import { type ConnectParts, connectOrg } from './connect-org.ts';

/** What the org has now of an entry's contact, or of its candidates. */
export async function liveEntry(
  parts: ConnectParts,
  org: OrgRecord,
  entry: OutboxEntry,
  signal: AbortSignal,
): Promise<OutboxShowResult['salesforce']> {
  await using connected = await connectOrg(parts, org, { signal });
  const contacts = await liveContacts(connected.context, withFound(entry), { signal });
  return { askedAt: isoTime(parts.clock.now()), contacts };
}

/** A delete sets no field. One in conflict is decided by what others have changed, so that is looked at. */
function withFound(entry: OutboxEntry): OutboxEntry {
  const { op, state, errors } = entry;
  if (op !== 'delete' || state !== 'conflict') return entry;
  const changed = errors.flatMap(({ fields }) => fields);
  return { ...entry, changes: Object.fromEntries(changed.map((name) => [name, null])) };
}
