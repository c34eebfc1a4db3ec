import type { ObjectDescribe } from '../../sync/ports/field.ts';
import type { SchemaChange, SchemaStore, StoredField } from '../../sync/ports/schema-store.ts';
import { planDescribe } from '../fields/plan-describe.ts';
import type { StoredColumn } from '../fields/stored-column.ts';
import { unfilled } from '../fields/unfilled.ts';
import { kept, type MemoryFile } from './memory-file.ts';
import type { MemoryField, MemoryState } from './memory-state.ts';

export class MemorySchemaStore implements SchemaStore {
  readonly #file: MemoryFile;

  constructor(file: MemoryFile) {
    this.#file = file;
  }

  async fields(): Promise<StoredField[]> {
    return this.#file.read(storedFields);
  }

  async toFill(): Promise<string[]> {
    const fields = this.#file.read(storedFields);
    return fields.filter(({ unfilled, vanished }) => unfilled && !vanished).map(({ name }) => name);
  }

  async filledSinceReconcile(): Promise<string[]> {
    const [fields, filled] = this.#file.read(
      (state) => [storedFields(state), new Set(state.filled.keys())] as const,
    );
    return fields.filter(({ name, vanished }) => filled.has(name) && !vanished).map(({ name }) => name);
  }

  async describedAt(): Promise<{ lastModified: string | null; at: number } | null> {
    return this.#file.read(({ described }) => described && { ...described });
  }

  async confirmDescribe(at: number): Promise<void> {
    this.#file.write('describe-fields', (state) => {
      state.described = { lastModified: state.described?.lastModified ?? null, at };
    });
  }

  async applyDescribe(describe: ObjectDescribe, at: number, only?: readonly string[]): Promise<SchemaChange> {
    return this.#file.write('describe-fields', (state) => {
      if (only !== undefined) state.onlyFields = [...only];
      state.described = { lastModified: describe.lastModified, at };
      return storeDescribe(state, kept(describe));
    });
  }
}

function storeDescribe(state: MemoryState, { fields }: ObjectDescribe): SchemaChange {
  const hasRows =
    state.contacts.size > 0 || [...state.chunks.values()].some((chunk) => chunk.state === 'pending');
  const { change, columns, vanished } = planDescribe(storedFields(state), fields, state.onlyFields, hasRows);
  for (const { field, columnType, replaces, unfilled: lack } of columns) {
    const name = field.name.toLowerCase();
    if (replaces) dropValues(state, name);
    const before = state.fields.get(name)?.unfilled ?? 0;
    state.fields.set(name, {
      definition: field,
      columnType,
      vanished: false,
      unfilled: Math.max(before, lack),
    });
  }
  for (const { name, unfilled: lack } of vanished) {
    const field = state.fields.get(name.toLowerCase())!;
    state.fields.set(name.toLowerCase(), {
      ...field,
      vanished: true,
      unfilled: Math.max(field.unfilled, lack),
    });
  }
  return change;
}

function dropValues(state: MemoryState, name: string): void {
  for (const [id, contact] of state.contacts) {
    const values = new Map(contact.values);
    values.delete(name);
    state.contacts.set(id, { ...contact, values });
  }
}

export function storedFields(state: MemoryState): StoredColumn[] {
  return [...state.fields.values()].map((field) => ({
    ...kept(field.definition),
    columnType: field.columnType,
    vanished: field.vanished,
    unfilled: field.unfilled !== 0,
    current: field.unfilled !== unfilled.leftOut,
  }));
}

/** Whether no value of the column is an old one, which would name the wrong contacts. */
export function isBelieved(field: MemoryField | undefined): boolean {
  return field !== undefined && !field.vanished && field.unfilled < unfilled.old;
}
