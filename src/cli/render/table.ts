import { printableLine } from '../../base/printable.ts';
import type { Style } from '../ink.ts';
import { cutToWidth, displayWidth } from './display-width.ts';

export interface TableColumn {
  title: string;
  align?: 'left' | 'right';
}

export interface TableOptions {
  style: Style;
  /** Width to cut to; null cuts nothing. */
  columns: number | null;
}

const gap = '  ';
/** Below this a cut cell says nothing. */
const narrowest = 8;

/** Aligned columns under a header. The widest columns give way first where the terminal is too narrow. */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  { style, columns: available }: TableOptions,
): string {
  const cells = rows.map((row) => columns.map((_, at) => printableLine(row[at] ?? '')));
  const widths = columns.map(({ title }, at) =>
    Math.max(displayWidth(title), ...cells.map((row) => displayWidth(row[at]!))),
  );
  if (available !== null) shrink(widths, available);
  const line = (row: readonly string[]) =>
    columns
      .map(({ align }, at) => {
        const text = cutToWidth(row[at]!, widths[at]!);
        const padding = ' '.repeat(widths[at]! - displayWidth(text));
        return align === 'right' ? padding + text : text + padding;
      })
      .join(gap)
      .trimEnd();
  const header = line(columns.map(({ title }) => title));
  return `${[style.bold(header), ...cells.map(line)].join('\n')}\n`;
}

function shrink(widths: number[], available: number): void {
  let excess = widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1)) - available;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= narrowest) return;
    widths[widths.indexOf(widest)] = widest - 1;
    excess--;
  }
}
