import { printableLine } from '../../base/printable.ts';
import type { Style } from '../ink.ts';
import { cutToWidth, displayWidth } from './display-width.ts';

export interface TableColumn {
  title: string;
  align?: 'left' | 'right';
  /** Never cut and never left out: what a person copies to name the row. */
  key?: boolean;
}

export interface TableOptions {
  style: Style;
  /** Width to cut to; null cuts nothing. */
  columns: number | null;
}

const gap = '  ';
/** Below this a cut cell says too little: rather leave another column out. */
const narrowest = 12;

/**
 * Aligned columns under a header. Where the terminal is too narrow, the widest give way first; where that is not
 * enough, columns are left out, the last ones first.
 */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  { style, columns: available }: TableOptions,
): string {
  const cells = rows.map((row) => columns.map((_, at) => printableLine(row[at] ?? '')));
  const natural = columns.map(({ title }, at) =>
    cells.reduce((width, row) => Math.max(width, displayWidth(row[at]!)), displayWidth(title)),
  );
  const widths = available === null ? natural : fitted(columns, natural, available);
  const line = (row: readonly string[]) =>
    columns
      .flatMap(({ align }, at) => {
        const width = widths[at]!;
        if (width === 0) return [];
        const text = cutToWidth(row[at]!, width);
        const padding = ' '.repeat(width - displayWidth(text));
        return [align === 'right' ? padding + text : text + padding];
      })
      .join(gap)
      .trimEnd();
  const header = line(columns.map(({ title }) => title));
  return `${[style.bold(header), ...cells.map(line)].join('\n')}\n`;
}

/** The columns' widths within `available`; 0 for one that is left out. */
function fitted(columns: readonly TableColumn[], natural: readonly number[], available: number): number[] {
  const isKey = (at: number) => columns[at]?.key === true;
  const least = natural.map((width, at) => (isKey(at) ? width : Math.min(width, narrowest)));
  const shown = natural.map((_, at) => at);
  while (spanOf(shown.map((at) => least[at]!)) > available) {
    const last = shown.findLastIndex((at) => !isKey(at));
    if (last < 0) break;
    shown.splice(last, 1);
  }
  const widths = natural.map((width, at) => (shown.includes(at) ? width : 0));
  for (let excess = spanOf(shown.map((at) => widths[at]!)) - available; excess > 0; excess--) {
    const cuttable = shown.filter((at) => widths[at]! > least[at]!);
    if (cuttable.length === 0) break;
    const widest = cuttable.reduce((a, b) => (widths[b]! > widths[a]! ? b : a));
    widths[widest]!--;
  }
  return widths;
}

function spanOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, gap.length * Math.max(0, widths.length - 1));
}
