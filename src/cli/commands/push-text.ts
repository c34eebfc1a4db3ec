import type { PushItem, PushResult } from '../../app/contract/push.ts';
import { count } from '../render/quantity.ts';
import { renderTable } from '../render/table.ts';
import type { Surface } from '../style.ts';

/** Beyond this many, records that went well are counted and not listed. */
const listedAtMost = 20;

/** What became of the records: all of few, of many those that did not go well, and the counts. */
export function renderPush(result: PushResult, org: string, { style, columns }: Surface): string {
  const fine = (item: PushItem) =>
    item.errors.length === 0 && !['in-doubt', 'conflict', 'held'].includes(item.status);
  const all = result.results.length <= listedAtMost;
  const listed = all ? result.results : result.results.filter((item) => !fine(item));
  const table = renderTable(
    ['RECORD', 'STATUS', 'ID', 'ERROR'].map((title) => ({ title })),
    listed.map((item) => [placeOf(item), item.status, item.id ?? '-', item.errors.map(reasonOf).join('; ')]),
    { style, columns },
  );
  return (listed.length === 0 ? '' : table) + countsOf(result, org);
}

function placeOf({ source, line, index }: PushItem): string {
  return `${source}:${line ?? `#${index + 1}`}`;
}

function reasonOf({ code, message }: PushItem['errors'][number]): string {
  return `${code}: ${message}`;
}

function countsOf({ results }: PushResult, org: string): string {
  const byStatus = new Map<string, number>();
  for (const { status } of results) byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  const counts = [...byStatus].map(([status, n]) => `${count(n)} ${status}`);
  return `${org}: ${counts.length === 0 ? 'nothing to push' : counts.join(', ')}.\n`;
}
