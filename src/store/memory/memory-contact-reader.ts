import { throwIfAborted } from '../../base/abort.ts';
import { AppError } from '../../base/errors.ts';
import { contact } from '../../org/synced-object.ts';
import type {
  ContactReader,
  ContactSelection,
  Person,
  ReaderColumn,
  ReaderContact,
  ReaderListing,
  ReaderRow,
  ReadingOptions,
} from '../../sync/ports/contact-reader.ts';
import {
  chosenColumns,
  ownColumns,
  refuseOutdated,
  sortColumn,
  textColumns,
} from '../fields/chosen-columns.ts';
import { bareText, numberIn } from '../fields/phone-text.ts';
import { type SearchField, searchFields } from '../fields/search-fields.ts';
import { type MemoryDisk, MemoryFile } from './memory-file.ts';
import { storedFields } from './memory-schema-store.ts';
import type { MemoryContact, MemoryValue } from './memory-state.ts';
import { columnValue, folded } from './memory-values.ts';

const batchRows = 500;

/** A contact with its Id; neither is ever changed, so that what was found stays as it was. */
type Found = readonly [id: string, contact: MemoryContact];

/** Reads what lies in a mirror in memory. It knows no conditions. */
export class MemoryContactReader implements ContactReader {
  readonly #file: MemoryFile;
  readonly #columns: readonly ReaderColumn[];
  readonly #outdated: ReadonlySet<string>;

  constructor(disk: MemoryDisk) {
    this.#file = new MemoryFile(disk, contact.name, []);
    const fields = this.#file.read(storedFields);
    this.#columns = fields.filter(({ current }) => current).map(({ name, type }) => ({ name, type }));
    const outdated = fields.filter(({ current }) => !current);
    this.#outdated = new Set(outdated.map(({ name }) => name.toLowerCase()));
  }

  async coveredUntil(): Promise<number | null> {
    const { updated, deleted } = this.#file.read(({ cursors }) => cursors);
    return updated === null || deleted === null ? null : Math.min(updated, deleted);
  }

  async list({
    limit,
    deleted,
    ...selection
  }: { limit: number; deleted: boolean } & ContactSelection): Promise<ReaderListing> {
    refuseCondition(selection);
    refuseOutdated(this.#outdated, selection);
    if (this.#columns.length === 0) return { columns: [], total: 0, batches: () => inBatches([]) };
    const own = deleted ? ownColumns.gone : ownColumns.live;
    const columns = [
      ...chosenColumns(this.#columns, selection.fields, own),
      ...(deleted ? textColumns(['_gone']) : []),
    ];
    const found = this.#found(({ state }) => (state.gone !== null) === deleted);
    const { sort, offset = 0 } = selection;
    if (sort !== undefined) sortBy(found, sortColumn(this.#columns, sort.field, own), sort.descending);
    return listing(columns, found, offset, limit);
  }

  async search(text: string, { limit }: { limit: number }): Promise<ReaderListing> {
    const fields = searchFields(this.#columns);
    const found = this.#found((known, id) => known.state.gone === null && contains(id, known, text, fields));
    return listing([...this.#columns], found, 0, limit);
  }

  /** Each search reads all. */
  async wantsSearchIndex(): Promise<boolean> {
    return false;
  }

  async chosen(selection: Pick<ContactSelection, 'where' | 'fields'>): Promise<ReaderColumn[]> {
    refuseCondition(selection);
    refuseOutdated(this.#outdated, selection);
    return this.#columns.length === 0 ? [] : chosenColumns(this.#columns, selection.fields);
  }

  async idsByEmail(email: string): Promise<string[]> {
    if (!this.#columns.some(({ name }) => name === 'Email')) return [];
    const found = this.#found((known, id) => {
      const value = columnValue(id, known, 'Email');
      return known.state.gone === null && typeof value === 'string' && folded(value) === folded(email);
    });
    return found.map(([id]) => id);
  }

  async show(id: string): Promise<ReaderContact | null> {
    if (this.#columns.length === 0) return null;
    const isIt = (known: string) => known === id || (id.length === 15 && known.startsWith(id));
    const made = this.#file.read(({ outbox }) => outbox.get(id));
    const found =
      this.#found((_, known) => isIt(known))[0] ??
      this.#found(({ key }) => key === id)[0] ??
      this.#found((_, known) => made?.op === 'create' && known === made.contactId)[0] ??
      null;
    if (found === null) return null;
    const [own, { key, state }] = found;
    const columns = [...this.#columns];
    const { gone, readAt } = state;
    return {
      columns,
      row: rowOf(found, columns),
      key: key ?? own,
      state: 'synced',
      error: null,
      gone,
      readAt,
    };
  }

  async *batches(
    { where, fields }: Pick<ContactSelection, 'where' | 'fields'> = {},
    options: ReadingOptions = {},
  ): AsyncGenerator<ReaderRow[]> {
    const columns = await this.chosen({ where, fields });
    if (columns.length === 0) return;
    const found = this.#found(({ state }) => state.gone === null);
    yield* inBatches(found, columns, options);
  }

  async people(ids: readonly string[]): Promise<Map<string, Person>> {
    if (this.#columns.length === 0) return new Map();
    const wanted = new Set(ids);
    const found = this.#found((_, id) => wanted.has(id));
    return new Map(found.map((one) => [one[0], personOf(one, this.#columns)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** In the order of their Ids. */
  #found(isWanted: (contact: MemoryContact, id: string) => boolean): Found[] {
    return this.#file
      .read(({ contacts }) => [...contacts])
      .filter(([id, known]) => isWanted(known, id))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function refuseCondition({ where }: Pick<ContactSelection, 'where'>): void {
  if (where === undefined) return;
  throw new AppError('INVALID_INPUT', '--where: a mirror in memory takes no condition.', {
    details: { flag: '--where' },
  });
}

function listing(
  columns: ReaderColumn[],
  found: readonly Found[],
  offset: number,
  limit: number,
): ReaderListing {
  const shown = found.slice(offset, offset + limit);
  return { columns, total: found.length, batches: (options) => inBatches(shown, columns, options) };
}

async function* inBatches(
  found: readonly Found[],
  columns: readonly ReaderColumn[] = [],
  { signal }: ReadingOptions = {},
): AsyncGenerator<ReaderRow[]> {
  for (let at = 0; at < found.length; at += batchRows) {
    throwIfAborted(signal);
    yield found.slice(at, at + batchRows).map((one) => rowOf(one, columns));
  }
  throwIfAborted(signal);
}

function rowOf(found: Found, columns: readonly ReaderColumn[]): ReaderRow {
  return columns.map(({ name }) => cellOf(found, name));
}

function cellOf([id, known]: Found, name: string): MemoryValue {
  if (name === '_key') return known.key ?? id;
  if (name === '_gone') return known.state.gone;
  if (name === '_state') return 'synced';
  return name === '_error' ? null : columnValue(id, known, name);
}

function contains(id: string, known: MemoryContact, text: string, fields: readonly SearchField[]): boolean {
  const wanted = text.toLowerCase();
  const digits = numberIn(text);
  return fields.some(({ name, isPhone }) => {
    const value = columnValue(id, known, name);
    if (typeof value !== 'string') return false;
    return (
      value.toLowerCase().includes(wanted) || (isPhone && digits !== null && bareText(value).includes(digits))
    );
  });
}

/** What has no value comes last either way; what is equal keeps its order. */
function sortBy(found: Found[], name: string, descending: boolean): void {
  found.sort((one, other) => {
    const [a, b] = [cellOf(one, name), cellOf(other, name)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return (descending ? -1 : 1) * (a < b ? -1 : Number(a > b));
  });
}

function personOf(found: Found, columns: readonly ReaderColumn[]): Person {
  const text = (name: string) =>
    columns.some((column) => column.name === name) ? cellOf(found, name) || null : null;
  const parts = [text('FirstName'), text('LastName')].filter((part) => part !== null).join(' ');
  const name = text('Name') ?? (parts || null);
  return { name: name === null ? null : String(name), email: text('Email') as string | null };
}
