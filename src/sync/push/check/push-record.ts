import type { StagingFault } from '../../ports/outbox-staging.ts';

export interface PushRecord {
  /** File name, `-` for standard input. */
  source: string;
  /** Place of the record within its source, from 0. */
  index: number;
  /** Line on which it begins, from 1; null where it is not known. */
  line: number | null;
  fields: Record<string, unknown>;
  /** The values are text (CSV): an empty one leaves its field alone. */
  untyped: boolean;
  /** Names of fields that the user has mapped something to: one that is unknown is never left out. */
  mapped?: ReadonlySet<string>;
  /** The names of its file's first row, where it has one; the same list for all records of the file. */
  header?: readonly string[];
  /** Its numbers may have decimal commas: the cells of its file are separated by semicolons. */
  decimalComma?: boolean;
  /** The address of the record that it was read from, as Salesforce's answers tell it, and the name under which it stood. */
  readFrom?: { name: string; url: string };
  /** Key of the refused entry that it mends, as its rejects file names it. */
  replaces?: string | null;
  /** What its reader found wrong with this record alone. */
  faults?: readonly StagingFault[];
}
