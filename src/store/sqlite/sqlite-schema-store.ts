import type { ObjectDescribe } from '../../sync/ports/field.ts';
import type { SchemaChange, SchemaStore, StoredField } from '../../sync/ports/schema-store.ts';
import { loadFields, namesToFill } from './contact-schema.ts';
import { readDescribedAt } from './describe-records.ts';
import { filledFields } from './filled-fields.ts';
import type { MirrorFile, MirrorWrite } from './mirror-file.ts';

export class SqliteSchemaStore implements SchemaStore {
  readonly #file: MirrorFile;
  readonly #write: MirrorWrite;
  readonly #object: string;

  constructor(file: MirrorFile, write: MirrorWrite, object: string) {
    this.#file = file;
    this.#write = write;
    this.#object = object;
  }

  async fields(): Promise<StoredField[]> {
    return this.#file.read((db) => loadFields(db, this.#object));
  }

  async toFill(): Promise<string[]> {
    return this.#file.read((db) => namesToFill(db, this.#object));
  }

  async filledSinceReconcile(): Promise<string[]> {
    return this.#file.read((db) => {
      const filled = filledFields(db, this.#object);
      const fields = loadFields(db, this.#object);
      return fields.filter(({ name, vanished }) => name in filled && !vanished).map(({ name }) => name);
    });
  }

  async describedAt(): Promise<{ lastModified: string | null; at: number } | null> {
    return this.#file.read((db) => readDescribedAt(db, this.#object));
  }

  async confirmDescribe(at: number): Promise<void> {
    await this.#write('confirmDescribe', this.#object, at);
  }

  async applyDescribe(describe: ObjectDescribe, at: number, only?: readonly string[]): Promise<SchemaChange> {
    return this.#write('applyDescribe', this.#object, describe, at, only);
  }
}
