import { isoTime } from '../base/iso-time.ts';
import type { OutboxDoubt } from '../contract/outbox.ts';
import type { Doubt } from '../sync/ports/doubt.ts';
import type { OutboxEntry, OutboxState } from '../sync/ports/outbox-entry.ts';

const messages: Readonly<Record<Doubt['reason'], string>> = {
  'not-covered':
    'Salesforce does not say yet that all of that time is committed; it is asked again by each `push` and each cycle of `watch`.',
  'contacts-unexplained': 'This user made contacts since that no entry accounts for: it may be one of them.',
  'keyed-open':
    'Another entry, which is sent again with its key, may have made the contact: that one goes first.',
  'job-open':
    'An ingest job that is under way in Salesforce may have made the contact: its end is waited for.',
  'other-user': 'It was sent as another user than the one that is logged in now.',
  'sender-unknown': 'As whom or when it was sent is not known.',
  'creator-hidden': 'This user may not read who made a contact and when (CreatedById, CreatedDate).',
  'too-old': 'It is older than 14 days: its contact may have been made, deleted and purged since.',
  'group-split': 'It went out with others, all or none of them, and some of those were made.',
  'too-many': 'This user made more contacts since than can be compared.',
};

const givenUp =
  'It was given up, and nobody asks about it any more: look in Salesforce whether its contact was made.';
const repeatedByKey =
  'The next `push` or cycle sends it again with its key, by which Salesforce makes it once.';
const repeatedUnlessChanged =
  'The next `push` or cycle reads its contact, and sends it again where nobody else has changed that.';

/** Null where nothing is known, of a create that was not asked for yet, and of what is in no doubt. */
export function doubtOf(
  entry: Pick<OutboxEntry, 'state' | 'doubt' | 'op' | 'way' | 'upsertField'>,
): OutboxDoubt | null {
  if (entry.doubt !== null) return doubtView(entry.doubt, entry.state);
  const isCreate = entry.op === 'create' && entry.upsertField === null;
  const isKeyed = isCreate && entry.way === 'ui-api';
  if (entry.state !== 'in-doubt' || (isCreate && !isKeyed)) return null;
  const message = isKeyed ? repeatedByKey : repeatedUnlessChanged;
  return { reason: 'repeatable', message, askedAt: null, candidates: [], candidatesTotal: 0 };
}

function doubtView(doubt: Doubt, state: OutboxState): OutboxDoubt {
  const { reason, askedAt, candidates, candidatesTotal } = doubt;
  const message = state === 'dropped' ? givenUp : messages[reason];
  return { reason, message, askedAt: isoTime(askedAt), candidates, candidatesTotal };
}
