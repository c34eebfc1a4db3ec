import { remoteError } from './remote-error.ts';

/** What no answer of its kind comes near; see docs/threat-model.md. Bytes are counted unpacked. */
export interface AnswerBounds {
  bytes: number;
  /** Values of the JSON: a few bytes of text may become a hundred of memory. */
  values: number;
}

const megabyte = 1024 * 1024;

export const answerBounds = {
  /** Limits, identity, a count, a bulk job, a list of result pages. */
  small: { bytes: 4 * megabyte, values: 200_000 },
  /** Some hundred fields with up to a thousand picklist values each. */
  describe: { bytes: 32 * megabyte, values: 2_000_000 },
  /** At most 600,000 ids (EXCEEDED_ID_LIMIT) of 21 bytes. Source: REST API Developer Guide, "sObject Get Updated". */
  updated: { bytes: 32 * megabyte, values: 1_000_000 },
  /** As many records of 73 bytes with three values each. */
  deleted: { bytes: 64 * megabyte, values: 3_000_000 },
  /** 2,000 records of a few fields a page. */
  query: { bytes: 16 * megabyte, values: 500_000 },
  /** 200 outcomes, each with the records that a duplicate rule matched. */
  write: { bytes: 16 * megabyte, values: 500_000 },
} as const satisfies Record<string, AnswerBounds>;

/** Bodies that are handed on as they come; what bounds memory there are the rows' own bounds. */
export const streamBytes = {
  /** Two thousand rows, and Salesforce shortens pages of wide ones. */
  query: 512 * megabyte,
  /** A result page holds at most 1 GB. Source: Bulk API 2.0 Developer Guide, "Limits". */
  bulk: 2_048 * megabyte,
} as const;

/** Deeper than any answer of Salesforce, shallower than what parsers stumble over. */
const deepest = 64;

const quote = 34;
const backslash = 92;
const comma = 44;
const openBracket = 91;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

/** Whether the JSON has more values or more depth than its bounds allow; looks at its marks only. */
export function isOvergrown(json: Uint8Array, { values }: AnswerBounds): boolean {
  let depth = 0;
  let count = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (inString) {
      if (byte === backslash) at++;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === comma) count++;
    else if (byte === openBrace || byte === openBracket) {
      count++;
      if (++depth > deepest) return true;
    } else if (byte === closeBrace || byte === closeBracket) depth--;
  }
  return count > values;
}

/** `bytes`: the bound that was passed; null where it was the number or depth of values. */
export function tooLarge(request: string, host: string, status: number | null, bytes: number | null): Error {
  const why =
    bytes === null
      ? 'with more values than Salesforce ever sends there'
      : `with more than ${Math.round(bytes / megabyte)} MB, which Salesforce never sends there`;
  return remoteError(
    'SALESFORCE_ERROR',
    `The org ${host} answered ${request} ${why}.`,
    { status, errorCode: null, retryAfterMs: null, request },
    {
      hint: 'The answer was dropped. Check that nothing between this machine and Salesforce changes answers.',
    },
  );
}
