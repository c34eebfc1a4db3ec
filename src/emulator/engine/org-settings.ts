import type { FieldDocument } from '../schema/describe-document.ts';

/** A duplicate rule: rows whose fields all equal (case-insensitively) are duplicates. */
export interface DuplicateRule {
  readonly name: string;
  /** Default `Contact`. */
  readonly object?: string;
  readonly matchFields: readonly string[];
  /** Whether `allowSave` may pass it (the rule's action is "Allow" with an alert); else it blocks. Default true. */
  readonly allowSave?: boolean;
}

/** A validation rule: a row for which the SOQL condition holds is refused (as a formula that is true refuses). */
export interface ValidationRule {
  readonly name: string;
  /** Default `Contact`. */
  readonly object?: string;
  /** A SOQL WHERE condition on the row's own fields, e.g. `Email = null AND Phone = null`. */
  readonly condition: string;
  readonly message: string;
  /** The field the error is shown at; none: the top of the page. */
  readonly field?: string;
}

/**
 * What the org's own code makes of a field at each save, before its rules look at the row: another value, a prefix that
 * a text has not yet, upper case.
 */
export interface SaveTrigger {
  /** Default `Contact`. */
  readonly object?: string;
  readonly field: string;
  /** JSON as REST takes it; null clears the field. */
  readonly set?: string | number | boolean | null;
  readonly prefix?: string;
  readonly upper?: boolean;
}

/** What can be changed at run time. Names are those of the control surface. */
export interface OrgSettings {
  readonly replicationIdLimit: number;
  readonly duplicateRules: readonly DuplicateRule[];
  readonly validationRules: readonly ValidationRule[];
  readonly saveTriggers: readonly SaveTrigger[];
  /** Ids of rows that others hold: whoever writes one meets UNABLE_TO_LOCK_ROW, until it is taken out again. */
  readonly lockedIds: readonly string[];
  /** Field names hidden by field-level security: of Contact, or `Object.Field`. */
  readonly hiddenFields: readonly string[];
  readonly commitLagMs: number;
  readonly futureEndCovered: boolean;
}

/** A change of settings; a key left out stays as it is. Unknown or malformed values throw INVALID_SETTING. */
export interface OrgSettingsChange extends Partial<OrgSettings> {
  /** Fields to add: describe field documents (name and type suffice), of Contact, or with an `object` key. */
  readonly addFields?: readonly (Partial<FieldDocument> & { name: string; type: string; object?: string })[];
  /** Custom fields to remove: of Contact, or `Object.Field`. */
  readonly removeFields?: readonly string[];
}
