import type { StoredField } from '../../../sync/ports/schema-store.ts';
import { PageReader } from '../page/page-reader.ts';
import { type CellKind, RowRecord } from '../page/row-record.ts';
import type { Scratch } from '../page/scratch.ts';
import { SpoolFile } from '../page/spool-file.ts';
import type { PageHead } from './protocol.ts';

/** One page on its way in: parsed block by block into a spool file, with no transaction open. */
export class PageIntake {
  readonly head: PageHead;
  readonly reader: PageReader;
  #spool: SpoolFile | null = null;

  constructor(head: PageHead, fields: readonly StoredField[], spoolPath: string, scratch: Scratch) {
    this.head = head;
    const kinds = new Map(fields.map((field) => [field.name, cellKind(field)]));
    const shape = {
      fields: head.fields,
      kindOf: (name: string) => kinds.get(name),
      openSpool: (columns: readonly string[]) => {
        const record = new RowRecord(
          columns.map((name) => kinds.get(name) ?? 'text'),
          scratch,
          columns,
        );
        this.#spool = new SpoolFile(spoolPath, columns.length);
        return { record, spool: this.#spool };
      },
    };
    this.reader = new PageReader(head, shape, scratch);
  }

  /** Path of the finished spool. */
  end(): void {
    this.reader.end();
    this.#spool!.finish();
  }

  get path(): string {
    return this.#spool!.path;
  }

  remove(): void {
    this.#spool?.remove();
  }
}

function cellKind({ name, type }: StoredField): CellKind {
  if (name === 'Id') return 'id';
  return type === 'boolean' || type === 'datetime' || type === 'date' ? type : 'text';
}
