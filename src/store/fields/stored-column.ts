import type { StoredField } from '../../sync/ports/schema-store.ts';
import type { ColumnType } from './column-type.ts';

/** A stored field as the store itself knows it. */
export interface StoredColumn extends StoredField {
  columnType: ColumnType;
}
