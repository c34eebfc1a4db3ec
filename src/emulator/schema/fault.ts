/** What Salesforce adds to a DUPLICATES_DETECTED error (REST sends it under the misspelled key `duplicateResut`). */
export interface DuplicateResult {
  readonly allowSave: boolean;
  readonly duplicateRule: string;
  readonly duplicateRuleEntityType: string;
  readonly errorMessage: string;
  readonly matchResults: readonly unknown[];
}

/**
 * An error in Salesforce's own words. `status` is the HTTP status of a single-record call; a collection reports
 * the same code per record with status 200.
 */
export class OrgFault extends Error {
  readonly errorCode: string;
  readonly status: number;
  readonly fields: readonly string[];
  readonly duplicateResult: DuplicateResult | undefined;

  constructor(
    errorCode: string,
    message: string,
    options: { status?: number; fields?: readonly string[]; duplicateResult?: DuplicateResult } = {},
  ) {
    super(message);
    this.name = 'OrgFault';
    this.errorCode = errorCode;
    this.status = options.status ?? 400;
    this.fields = options.fields ?? [];
    this.duplicateResult = options.duplicateResult;
  }
}
