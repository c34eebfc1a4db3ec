import type { HeaderAlone } from '../../contract/push.ts';

/** How inputs are written, as far as a rejects file of theirs has to say the same. */
export interface InputForm {
  /** The names of some have been through `--map` before: it is a rejects file. */
  mapped: boolean;
  /** The cells of some are separated by semicolons, so that numbers may have decimal commas. */
  semicolons: boolean;
  /** Headers without a record below. */
  alone: HeaderAlone[];
}

/** What was left out of an input, for a word to the user. */
export interface InputNotes {
  readonly form: InputForm;
  blankRecords(source: string, count: number): void;
  unnamedColumns(source: string, count: number): void;
  headerOnly(header: HeaderAlone): void;
  /** Cells that a spreadsheet means otherwise than as text. */
  formulas(source: string, cells: number, first: { line: number; text: string }): void;
  /** A last record that looks like the line under a table. */
  footer(source: string, line: number, text: string): void;
  /** The answer that a file holds names another number of records than the file has. */
  otherTotal(source: string, said: number, found: number): void;
}

export function createInputNotes(
  tell: (note: string) => void,
  form: InputForm = { mapped: false, semicolons: false, alone: [] },
): InputNotes {
  const counted = (count: number, one: string, many: string) =>
    `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
  return {
    form,
    blankRecords(source, count) {
      if (count > 0) tell(`${source}: ${counted(count, 'blank record was', 'blank records were')} skipped.`);
    },
    unnamedColumns(source, count) {
      if (count > 0)
        tell(`${source}: ${counted(count, 'empty column', 'empty columns')} without a name ignored.`);
    },
    headerOnly(header) {
      form.alone.push(header);
    },
    formulas(source, cells, { line, text }) {
      const they = cells === 1 ? 'holds' : 'hold';
      tell(
        `${source}: ${counted(cells, 'cell', 'cells')} ${they} a spreadsheet's formula or error and would be stored as it stands, first on line ${line}: ${text}`,
      );
    },
    footer(source, line, text) {
      tell(
        `${source}: the last record, on line ${line}, looks like the line under a table and no contact: "${text}"`,
      );
    },
    otherTotal(source, said, found) {
      tell(
        `${source}: the answer names ${said.toLocaleString('en-US')} records in all and the file holds ${found.toLocaleString('en-US')}.`,
      );
    },
  };
}
