import { printableJson } from '../../base/printable-json.ts';
import type { ErrorInfo } from '../../contract/error-info.ts';
import type { InvalidInput, PushResult } from '../../contract/push.ts';

/**
 * The one JSON document of a push, in pieces: its results, or the faults of its input, may be more than memory
 * should hold.
 */
export async function* pushDocument(
  result: PushResult,
  error: ErrorInfo | null,
  infoOf: (thrown: unknown) => ErrorInfo,
): AsyncGenerator<string> {
  const { invalid } = result;
  if (invalid !== null && error !== null) yield* faultsDocument(invalid, error, infoOf);
  else {
    yield `${printableJson(result.counts).slice(0, -1)},"results":[`;
    const late = yield* listed(result.results(), infoOf);
    const told = error ?? late;
    yield `]${told === null ? '' : `,"error":${printableJson(told)}`}}\n`;
  }
}

async function* faultsDocument(
  invalid: InvalidInput,
  error: ErrorInfo,
  infoOf: (thrown: unknown) => ErrorInfo,
): AsyncGenerator<string> {
  const { details, ...rest } = error;
  yield `{"error":${printableJson(rest).slice(0, -1)},"details":`;
  yield `${printableJson(details ?? {}).slice(0, -1)},"faults":[`;
  yield* listed(invalid.faults(), infoOf);
  yield ']}}}\n';
}

/** Ends the list where it cannot be read to its end, and says why. */
async function* listed(
  pages: AsyncIterable<readonly object[]>,
  infoOf: (thrown: unknown) => ErrorInfo,
): AsyncGenerator<string, ErrorInfo | null> {
  let separator = '';
  try {
    for await (const page of pages) {
      yield separator + page.map((item) => printableJson(item)).join(',');
      if (page.length > 0) separator = ',';
    }
  } catch (thrown) {
    return infoOf(thrown);
  }
  return null;
}
