import type { ErrorInfo } from '../../app/contract/error-info.ts';
import type { InvalidInput, PushResult } from '../../app/contract/push.ts';
import { printableJson } from '../../base/printable-json.ts';

/**
 * The one JSON document of a push, in pieces: its results, or the faults of its input, may be more than memory
 * should hold.
 */
export async function* pushDocument(result: PushResult, error: ErrorInfo | null): AsyncGenerator<string> {
  const { invalid } = result;
  if (invalid !== null && error !== null) yield* faultsDocument(invalid, error);
  else {
    yield `${printableJson(result.counts).slice(0, -1)},"results":[`;
    yield* listed(result.results());
    yield `]${error === null ? '' : `,"error":${printableJson(error)}`}}\n`;
  }
}

async function* faultsDocument(invalid: InvalidInput, error: ErrorInfo): AsyncGenerator<string> {
  const { details, ...rest } = error;
  yield `{"error":${printableJson(rest).slice(0, -1)},"details":`;
  yield `${printableJson(details ?? {}).slice(0, -1)},"faults":[`;
  yield* listed(invalid.faults());
  yield ']}}}\n';
}

async function* listed(pages: AsyncIterable<readonly object[]>): AsyncGenerator<string> {
  let separator = '';
  for await (const page of pages) {
    yield separator + page.map((item) => printableJson(item)).join(',');
    if (page.length > 0) separator = ',';
  }
}
