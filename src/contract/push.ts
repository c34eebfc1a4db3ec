import type { ErrorInfo } from './error-info.ts';
import type { SendWay } from './send-way.ts';

/** One record of the input, before any validation. */
export interface PushRecord {
  /** File name as given, `-` for standard input. */
  source: string;
  /** Position in its source, from 0. */
  index: number;
  /** Line on which it begins, from 1; null where it is not known. */
  line: number | null;
  /** Values as JSON has them; a number that a double would not keep as it was written is a NumberText. */
  fields: Record<string, unknown>;
  /** The values are text (CSV) and take their type from describe. */
  untyped: boolean;
  /** Fields that `--map` names: one that Contact does not have is a fault, also where unknown columns are left out. */
  mapped?: ReadonlySet<string>;
  /** The names of its file's first row, where it has one; the same list for all records of the file. */
  header?: readonly string[];
  /** Its numbers may have decimal commas: the cells of its file are separated by semicolons. */
  decimalComma?: boolean;
  /** The address of the record that it was read from, as Salesforce's answers tell it, and the name under which it stood. */
  readFrom?: { name: string; url: string };
  /** Key of the refused entry that it mends, as its rejects file names it; one that the outbox does not know is none. */
  replaces?: string | null;
  /** What its reader found wrong with this record alone (a name given twice); told with the faults against describe. */
  faults?: readonly RecordNote[];
}

export type RecordNote = Pick<RecordFault, 'field' | 'code' | 'message'>;

export interface PushOptions {
  org: string | null;
  /** In the order of the input, at most 1,000 a batch. Read once; what it throws ends the push with nothing stored. */
  records: AsyncIterable<readonly PushRecord[]>;
  upsertField: string | null;
  dryRun: boolean;
  /** Put into the outbox only; the next watch cycle or push sends. */
  queue: boolean;
  allOrNone: boolean;
  allowDuplicates: boolean;
  /** Collections of 200, Bulk API 2.0 ingest jobs, or as the number of records suggests. */
  api: 'auto' | 'collections' | 'bulk';
  /** Leave out what Contact does not have, or what cannot be written, in place of a fault. */
  ignoreUnknown: boolean;
  ignoreReadOnly: boolean;
  /** Records without an Id beside others with one are creates that are meant. */
  allowMixed: boolean;
  /** Take texts as they are that were read in a wrong encoding: a character was lost (U+FFFD), or is several now. */
  allowDamaged: boolean;
  /** How numbers are written in texts; null: with a point, and what a comma would make another is a fault. */
  decimal: 'point' | 'comma' | null;
  /** Push the records anew, though an equal push has not ended. */
  fresh: boolean;
  /** `rejects()` will be asked for. */
  keepRejects: boolean;
  /** Asked when all records are read. One without the name of any field is refused: it is some other text. */
  headersAlone?: () => readonly HeaderAlone[];
}

/** The header of a table without records. */
export interface HeaderAlone {
  source: string;
  line: number;
  /** Of columns that stand for fields of these very names. */
  names: readonly string[];
  /** Some column is mapped, or is one that other tools and rejects files add: it is a header, whatever the others are. */
  isKnown: boolean;
}

export interface PushError {
  code: string;
  message: string;
  fields: string[];
  /** The contacts that the record is a duplicate of, where Salesforce names them. */
  duplicates: MatchedContact[];
}

/** Name and e-mail address as the mirror has them; null where it does not. */
export interface MatchedContact {
  id: string;
  name: string | null;
  email: string | null;
}

export type PushStatus =
  | 'created'
  | 'updated'
  | 'deleted'
  | 'rejected'
  | 'queued'
  | 'in-doubt'
  | 'conflict'
  | 'held'
  /** A person gave it up. */
  | 'dropped'
  | 'valid';

/** One per record, in the order of the input. */
export interface PushItem {
  index: number;
  source: string;
  line: number | null;
  /** The outbox entry's key; null in a dry run. */
  key: string | null;
  status: PushStatus;
  id: string | null;
  errors: PushError[];
}

/** Entries that wait for an earlier one of their contact, by what that one is. */
export interface EntriesBehind {
  conflicts: number;
  held: number;
  inDoubt: number;
}

/** What a push counts; the keys of its JSON output beside `results`. */
export interface PushCounts {
  instanceUrl: string;
  created: number;
  updated: number;
  deleted: number;
  rejected: number;
  /** Given up by a person. */
  dropped: number;
  /** Waiting, those held included. */
  queued: number;
  inDoubt: number;
  /** What the records ask for: an upsert is neither a create nor an update before it is done. */
  creates: number;
  updates: number;
  deletes: number;
  upserts: number;
  /** Columns that were left out on the user's word. */
  ignored: IgnoredColumn[];
  /** Open entries of other pushes and of edits in the outbox, earlier and later ones. */
  olderEntries: number;
  /** When the equal push that this one went on with was begun, ISO; null where it was a new one. */
  resumedFrom: string | null;
  /** How many records of that equal push had no end yet; 0 where it was a new one. */
  resumedOpen: number;
  /** How many changes of that equal push are of contacts that a later push or edit came to change: what came later stays. */
  overtaken: number;
  /** Refused entries of the outbox that were given up, or in a dry run would be, for the records that mend them. */
  replaced: number;
  /** How they would be sent; null where this is no dry run. */
  plan: PushPlan | null;
  runId: string | null;
  /** Of those queued: what waits until a person decides about an earlier entry of its contact, by that one's state. */
  behind: EntriesBehind;
  /** Why sending ended before every entry was sent; null where it did not. */
  stopped: ErrorInfo | null;
}

/** How records would be sent, planned as the sending plans it. */
export interface PushPlan {
  /** The records by what they do and by which way they would go. */
  sends: PlannedSend[];
  /** Records that would be held until somebody approves them. */
  held: number;
  /** Records that would wait until somebody decides about an earlier change of their contact. */
  behind: number;
  /** Records that would wait until Salesforce has said that an earlier request of their contact, which was cut, is over. */
  waiting: number;
  /** Open entries of former pushes and edits that would be sent along. */
  older: number;
  /**
   * Requests, where Salesforce takes everything at once: those of `sends` that write, and others, which check the records
   * and read contacts back. Null: it cannot be known.
   */
  requests: { writes: number; others: number | null };
}

export interface PlannedSend {
  does: 'create' | 'update' | 'delete' | 'upsert';
  way: SendWay;
  records: number;
  /** Ingest jobs; 0 by other ways. */
  jobs: number;
  /** Requests that write. */
  requests: number;
}

export interface IgnoredColumn {
  /** Null: all further ones together. */
  column: string | null;
  reason: 'unknown' | 'read-only';
  /** The field that has the column's name as its label, or nearly as its name; null where none has. */
  meant: string | null;
  records: number;
}

/** The result of any number of records, which is read in pages while the application is open. */
export interface PushResult extends AsyncDisposable {
  readonly records: number;
  readonly counts: PushCounts;
  readonly statuses: ReadonlyMap<PushStatus, number>;
  /** Some records have faults, so nothing was stored or sent; null: none has. */
  readonly invalid: InvalidInput | null;
  /**
   * Whether whoever pushed knows what became of the records: the disposal of a told result ends the push, and the
   * same records given again are another one. True unless set, but false where a signal ended the sending.
   */
  isTold: boolean;
  /** None where some records have faults. */
  results(): AsyncIterable<readonly PushItem[]>;
  /** Records that were refused, or have a fault. */
  rejects(): AsyncIterable<readonly RejectedRecord[]>;
}

export interface RejectedRecord extends RecordPlace {
  /** Numbers that a double would not keep as they were written are NumberTexts. */
  fields: Record<string, unknown>;
  /** Of its entry; of a record with a fault, of the refused entry that it was to mend, or null. */
  key: string | null;
  errors: PushError[];
}

export interface InvalidInput {
  /** Records that have a fault. */
  records: number;
  total: number;
  /** The first kinds of faults, one a column, and how many kinds there are. */
  kinds: readonly FaultKind[];
  kindsInAll: number;
  /** All of them, in the order of the input. */
  faults(): AsyncIterable<readonly RecordFault[]>;
}

export interface RecordPlace {
  source: string;
  index: number;
  line: number | null;
}

/** A fault of one record. */
export interface RecordFault extends RecordPlace {
  field: string | null;
  code: string;
  message: string;
}

/** Faults of one code in one column: the first one, and how many records have it. */
export interface FaultKind extends RecordFault {
  records: number;
}
