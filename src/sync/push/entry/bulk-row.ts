import { hash } from 'node:crypto';
import { trimEdges } from '../../../base/trim-edges.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';

/** What a cell says that clears a field; an empty one leaves it alone. */
const clears = '#N/A';

type Sent = Pick<OutboxEntry, 'op' | 'contactId' | 'changes'>;

/** What a row of an entry says, by column; null where a CSV of Salesforce's cannot say it. */
export function bulkCells({ op, contactId, changes }: Sent): Record<string, string> | null {
  if (op !== 'create' && contactId === null) return null;
  if (op === 'delete') return { Id: contactId as string };
  const cells: Record<string, string> = op === 'update' ? { Id: contactId as string } : {};
  for (const [name, value] of Object.entries(changes)) {
    const cell = cellOf(value);
    if (cell === null) return null;
    cells[name] = cell;
  }
  return Object.keys(cells).length === 0 ? null : cells;
}

/** Null where no cell says it. */
export function cellOf(value: unknown): string | null {
  if (value === null) return clears;
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  // An empty text would leave its field alone, and this one clear it.
  if (typeof value !== 'string' || value.trim() === '' || value.trim() === clears) return null;
  return value;
}

export function csvRow(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\n`;
}

/**
 * The same text for a row as it was sent and as a result file tells it, and for rows that mean the same: the files name rows by
 * their cells alone. Blanks at the ends of a text fall away in Salesforce, but for no-break spaces, and its line ends may come
 * back as others.
 */
export class RowHashes {
  /** Places of columns in the order of their names, by the columns as they were given. */
  readonly #orders = new Map<string, { name: string; place: number }[]>();

  /** 32 characters, one byte each in memory. */
  of(columns: readonly string[], cells: readonly string[]): string {
    let said = '';
    for (const { name, place } of this.#orderOf(columns)) {
      let cell = trimEdges(cells[place] ?? '');
      if (cell === '') continue;
      if (cell.includes('\r')) cell = cell.replaceAll(/\r\n?/g, '\n');
      // With the lengths no text can stand for the end of a cell and another one.
      said += `${name} ${cell.length} ${cell}`;
    }
    return hash('sha256', said, 'binary');
  }

  #orderOf(columns: readonly string[]): { name: string; place: number }[] {
    const given = columns.join(' ');
    const known = this.#orders.get(given);
    if (known !== undefined) return known;
    const order = columns
      .map((column, place) => ({ name: column.toLowerCase(), place }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.#orders.set(given, order);
    return order;
  }
}
