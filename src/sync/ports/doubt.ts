/** A contact of the org that a create in doubt may have become. */
export interface DoubtCandidate {
  id: string;
  name: string | null;
  email: string | null;
  /** CreatedDate, ISO. */
  createdAt: string;
  /** What has become of it since; null where it lives. */
  gone: 'deleted' | 'merged' | null;
}

/**
 * Why a create in doubt still is: `not-covered`: a transaction with it may still be open in the org.
 * `contacts-unexplained`: this user made contacts since that nothing accounts for. `keyed-open`: another create that may
 * have been made has to be settled first. `job-open`: an ingest job that is under way may have made it. `other-user`: it
 * was sent as another user than this one. `sender-unknown`: as whom or when it was sent is not known, or the org's clock
 * went back since. `creator-hidden`: this user may not read who made a contact and when. `too-old`: what was deleted since
 * may be purged. `group-split`: others of its group were made, and a group is made as a whole. `too-many`: more
 * contacts were made since than are compared.
 */
export type DoubtReason =
  | 'not-covered'
  | 'contacts-unexplained'
  | 'keyed-open'
  | 'job-open'
  | 'other-user'
  | 'sender-unknown'
  | 'creator-hidden'
  | 'too-old'
  | 'group-split'
  | 'too-many';

/** What asking the org about a create in doubt has come to so far. */
export interface Doubt {
  /** The org's time when its request was surely at its end, ms since 1970. */
  endedOrgAt: number | null;
  /** Its contact was made before this time of the org, ms since 1970; null while that is not known. */
  madeBefore: number | null;
  /** The org told a time well before that of the sending since, so that no time of its contact is known. */
  isTimeUnsure?: boolean;
  /** When the org was asked last, by this machine's clock, ms since 1970; null makes it due. */
  askedAt: number | null;
  reason: DoubtReason;
  /** The likeliest first, a few of them. */
  candidates: DoubtCandidate[];
  /** How many there are. */
  candidatesTotal: number;
}

export interface DoubtNote {
  key: string;
  doubt: Doubt;
}
