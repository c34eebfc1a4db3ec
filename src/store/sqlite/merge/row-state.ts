import { isDeletedOf } from '../../../sync/merge/derived-columns.ts';
import type { RowState } from '../../../sync/merge/evidence.ts';
import type { Gone } from '../../../sync/ports/page.ts';

/** The columns of `contact c` (and `contact_seen x`) that make a RowState, in the order of StateTuple. */
export function stateColumns(hasMaster: boolean): string {
  return `c.SystemModstamp, c._gone, c._read_at, c._value_at, x.at, c._deleted_stamp, c._deleted_at,
    c._purged_at, c._hidden_at, ${hasMaster ? 'c.MasterRecordId' : 'NULL'}`;
}

export type StateTuple = [
  stamp: string | null,
  gone: Gone | null,
  readAt: string | null,
  valueAt: string | null,
  seenAt: string | null,
  deletedStamp: string | null,
  deletedAt: string | null,
  purgedAt: string | null,
  hiddenAt: string | null,
  masterRecordId: string | null,
];

/**
 * `_value_at` is stored only where it differs from `_read_at`, and `contact_seen` holds later reads that
 * found the very same values, so that such a row need not be written again.
 */
export function readState(tuple: StateTuple): RowState {
  const [stamp, gone, readAt, valueAt, seenAt, deletedStamp, deletedAt, purgedAt, hiddenAt, master] = tuple;
  return {
    stamp,
    gone,
    readAt: seenAt !== null && (readAt === null || seenAt > readAt) ? seenAt : readAt,
    valueAt: stamp === null ? null : (seenAt ?? valueAt ?? readAt),
    deletedStamp,
    deletedAt,
    purgedAt,
    hiddenAt,
    masterRecordId: master,
  };
}

/** The assignments of a RowState to `contact`; their parameters are `stateParameters`. */
export function stateAssignments(columns: ReadonlySet<string>): string {
  return [
    '_gone = ?',
    '_read_at = ?',
    '_value_at = ?',
    '_deleted_stamp = ?',
    '_deleted_at = ?',
    '_purged_at = ?',
    '_hidden_at = ?',
    ...(columns.has('MasterRecordId') ? ['MasterRecordId = ?'] : []),
    ...(columns.has('IsDeleted') ? ['IsDeleted = ?'] : []),
  ].join(', ');
}

export function stateParameters(state: RowState, columns: ReadonlySet<string>): (string | number | null)[] {
  const values: (string | number | null)[] = [
    state.gone,
    state.readAt,
    state.valueAt === state.readAt ? null : state.valueAt,
    state.deletedStamp,
    state.deletedAt,
    state.purgedAt,
    state.hiddenAt,
  ];
  if (columns.has('MasterRecordId')) values.push(state.masterRecordId);
  if (columns.has('IsDeleted')) values.push(isDeletedOf(state));
  return values;
}
