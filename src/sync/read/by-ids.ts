import type { Effect } from '../ports/effect.ts';
import type { RowReader } from './row-reader.ts';

/** The most ids one sObject Collections retrieve takes. Source: sObject Collections, "Get records". */
export const retrieveRows = 2_000;
/** The next page is asked for while the last one is stored. */
const ahead = 3;

/** Retrieves contacts by id, 2,000 a call; `effects` are committed with the last page, or alone without any. */
export async function retrieveIds(
  { context, fields, took, signal }: RowReader,
  ids: readonly string[],
  effects: readonly Effect[],
): Promise<void> {
  const { remote, mirror } = context;
  const unique = [...new Set(ids)];
  if (unique.length === 0) {
    await mirror.commit({ effects }, { signal });
    return;
  }
  const pages: string[][] = [];
  for (let i = 0; i < unique.length; i += retrieveRows) pages.push(unique.slice(i, i + retrieveRows));
  // Pages are asked for ahead but stored in order, so that the last one's effects speak for all.
  const stop = new AbortController();
  const bound = AbortSignal.any([signal, stop.signal]);
  const asked: ReturnType<typeof remote.retrieve>[] = [];
  try {
    for (const i of pages.keys()) {
      while (asked.length < Math.min(pages.length, i + ahead)) {
        const request = remote.retrieve(pages[asked.length] ?? [], fields, { signal: bound });
        request.catch(() => {});
        asked.push(request);
      }
      const page = await asked[i]!;
      const last = i === pages.length - 1;
      const outcome = await mirror.commit({ page, effects: last ? effects : undefined }, { signal });
      if (outcome.page !== null) took(outcome.page);
    }
  } finally {
    // Pages asked for and not stored would keep their connections.
    stop.abort();
  }
}
