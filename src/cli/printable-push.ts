import type { InvalidInput, PushResult } from '../contract/push.ts';
import type { OrgNames } from './org-names.ts';
import { printableValue } from './printable-value.ts';

/** A push's result with every text fit for one line; records for the rejects file stay as they are. */
export function printablePush(result: PushResult, orgNames: OrgNames): PushResult {
  const { records, statuses, invalid } = result;
  return {
    records,
    statuses,
    counts: printableValue(result.counts, orgNames) as PushResult['counts'],
    invalid: invalid === null ? null : printableInvalid(invalid, orgNames),
    get isTold() {
      return result.isTold;
    },
    set isTold(isTold) {
      result.isTold = isTold;
    },
    results: () => printablePages(result.results(), orgNames),
    rejects: () => result.rejects(),
    [Symbol.asyncDispose]: () => result[Symbol.asyncDispose](),
  };
}

function printableInvalid(invalid: InvalidInput, orgNames: OrgNames): InvalidInput {
  return {
    ...invalid,
    kinds: printableValue(invalid.kinds, orgNames) as InvalidInput['kinds'],
    faults: () => printablePages(invalid.faults(), orgNames),
  };
}

async function* printablePages<T>(pages: AsyncIterable<T>, orgNames: OrgNames): AsyncGenerator<T> {
  for await (const page of pages) yield printableValue(page, orgNames) as T;
}
