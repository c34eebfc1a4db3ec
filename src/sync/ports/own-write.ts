type Values = Record<string, unknown>;

/** When the base of a field was taken, and when the field was edited last. */
export interface BasePoint {
  /** The `order` of the last write that was done when the base was taken, and that it knows of. */
  done: number;
  /** The `seq` of the last entry that was there when the field was edited: what is behind came later. */
  seq: number;
  /** The base holds all that was changed in Salesforce up to then, by the org's clock, ms since 1970; null where nobody can say. */
  knownTo: number | null;
}

/** A write to a contact that is done. */
export interface OwnWrite {
  seq: number;
  /** Writes that were done later have greater ones. */
  order: number;
  contactId: string;
  /** It has made the contact, and met none. */
  isCreation: boolean;
  sent: Values;
  /** What the org has made of some of these values, as far as it was seen. */
  became: Values;
}

/** Requests of one entry that got no answer, whatever has become of the entry since. */
export interface LostWrite {
  seq: number;
  contactId: string;
  /** What each of them carried. */
  values: readonly Values[];
  /** When all of them were surely over, by the org's clock, ms since 1970; null where that is not known. */
  overAt: number | null;
}
