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
  /** Where the rest stands, as a sentence, for a table that does not fit; else a wider terminal and `--json` are named. */
  rest?: string;
}

const gap = '  ';
/** Below this a cut cell says too little: rather leave another column out. */
const narrowest = 12;

/**
 * Aligned columns under a header. Where the terminal is too narrow, the widest give way first; where that is not
 * enough, columns are left out, the last ones first. A line below names those that are not shown whole.
 */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): string {
  const layout = new TableLayout(columns, options);
  layout.measure(rows);
  return layout.header() + layout.lines(rows) + layout.note();
}

/** The same of more rows than are to be held, in pieces: they are read twice, the first time for their widths. */
export async function* renderLongTable(
  columns: readonly TableColumn[],
  read: () => AsyncIterable<readonly (readonly string[])[]>,
  options: TableOptions,
): AsyncGenerator<string> {
  const layout = new TableLayout(columns, options);
  let only: readonly (readonly string[])[] | null = null;
  let batches = 0;
  for await (const rows of read()) {
    batches++;
    only = batches === 1 ? rows : null;
    layout.measure(rows);
  }
  if (batches === 0) return;
  yield layout.header();
  if (only !== null) yield layout.lines(only);
  else for await (const rows of read()) yield layout.lines(rows);
  const note = layout.note();
  if (note !== '') yield note;
}

/** Where each column of a table goes; every row has been measured before the first is laid out. */
class TableLayout {
  readonly #columns: readonly TableColumn[];
  readonly #options: TableOptions;
  readonly #natural: number[];
  /** Columns with a value: what has none is missed by nobody. */
  readonly #filled = new Set<number>();
  #fitted: number[] | null = null;

  constructor(columns: readonly TableColumn[], options: TableOptions) {
    this.#columns = columns;
    this.#options = options;
    this.#natural = columns.map(({ title }) => displayWidth(title));
  }

  measure(rows: readonly (readonly string[])[]): void {
    for (const row of rows) {
      for (let at = 0; at < this.#columns.length; at++) {
        const width = displayWidth(printableLine(row[at] ?? ''));
        if (width > 0) this.#filled.add(at);
        if (width > this.#natural[at]!) this.#natural[at] = width;
      }
    }
  }

  header(): string {
    return `${this.#options.style.bold(this.#line(this.#columns.map(({ title }) => title)))}\n`;
  }

  lines(rows: readonly (readonly string[])[]): string {
    return rows.map((row) => `${this.#line(row)}\n`).join('');
  }

  /** Which columns are not shown whole, and where to see them; empty where all are. */
  note(): string {
    const widths = this.#widths();
    const cut = this.#columns.filter((_, at) => this.#filled.has(at) && widths[at]! < this.#natural[at]!);
    if (cut.length === 0) return '';
    const { rest = 'A wider terminal or --json shows all of it.' } = this.#options;
    return `Too narrow for the whole of ${cut.map(({ title }) => title).join(', ')}. ${rest}\n`;
  }

  #line(row: readonly string[]): string {
    const widths = this.#widths();
    return this.#columns
      .flatMap(({ align }, at) => {
        const width = widths[at]!;
        if (width === 0) return [];
        const whole = printableLine(row[at] ?? '');
        const text = this.#options.columns === null ? whole : cutToWidth(whole, width);
        // What was read twice may have grown in between.
        const padding = ' '.repeat(Math.max(0, width - displayWidth(text)));
        return [align === 'right' ? padding + text : text + padding];
      })
      .join(gap)
      .trimEnd();
  }

  #widths(): readonly number[] {
    const { columns: available } = this.#options;
    this.#fitted ??= available === null ? this.#natural : fitted(this.#columns, this.#natural, available);
    return this.#fitted;
  }
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
