export type CsvDelimiter = ',' | ';';

/** What makes a cell stand in quotes. */
const special = { ',': /[",\r\n]|^\s|\s$/, ';': /[";\r\n]|^\s|\s$/ } as const;

/** One line of CSV (RFC 4180) with a line feed; null and undefined are empty cells. */
export function csvLine(cells: readonly unknown[], delimiter: CsvDelimiter = ','): string {
  return `${cells.map((value) => csvCell(value, special[delimiter])).join(delimiter)}\n`;
}

function csvCell(value: unknown, special: RegExp): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return special.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
