import { fullId, isIdOf } from '../org/record-id.ts';
import type { SyncedObject } from '../org/synced-object.ts';

/** So many are named; a rule that matches more is told as well by these. */
const mostMatched = 20;

/**
 * Ids of the records that a record is a duplicate of, with 18 characters. Those that a duplicate rule matched: REST calls
 * them `duplicateResut` (sic) or `duplicateResult`, `matchResults[].matchRecords[].record.Id`; the UI API
 * `duplicateRecordError`, `matchResults[].matchRecordIds`. The record that has a unique value already stands in the
 * message alone. More than Ids comes with the header `includeRecordDetails` only: it is not sent, because the rule may
 * match what its user may not see.
 */
export function matchedIds(
  { keyPrefix }: SyncedObject,
  { code, message, raw }: { code: string; message: string; raw?: unknown },
): string[] {
  const found = new Set<string>();
  if (typeof raw === 'object' && raw !== null) {
    const { duplicateResut, duplicateResult, duplicateRecordError } = raw as Record<string, unknown>;
    for (const source of [duplicateResut, duplicateResult, duplicateRecordError])
      collect(keyPrefix, source, found, 0);
  }
  if (/^DUPLICATE_(VALUE|EXTERNAL_ID)$/.test(code)) collectWords(keyPrefix, message, found);
  return [...found];
}

function collect(prefix: string, value: unknown, found: Set<string>, depth: number): void {
  if (depth > 8 || found.size >= mostMatched) return;
  if (typeof value === 'string') {
    if (isIdOf(prefix, value)) found.add(fullId(value));
  } else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) collect(prefix, inner, found, depth + 1);
  }
}

function collectWords(prefix: string, message: string, found: Set<string>): void {
  for (const [word] of message.matchAll(/\b[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?\b/g))
    if (isIdOf(prefix, word) && found.size < mostMatched) found.add(fullId(word));
}
