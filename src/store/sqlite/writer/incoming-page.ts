import type { StoredField } from '../../../sync/ports/schema-store.ts';
import { cellKind } from '../../page/cell-kind.ts';
import { PageReader } from '../../page/page-reader.ts';
import type { SharedBuffers } from '../../page/shared-buffers.ts';
import { RowRecord } from '../spool/row-record.ts';
import { SpoolFile } from '../spool/spool-file.ts';
import type { PageHead } from './protocol.ts';

/** One page on its way in: parsed block by block into a spool file, with no transaction open. */
export class IncomingPage {
  readonly head: PageHead;
  readonly reader: PageReader;
  #spool: SpoolFile | null = null;
  #ended = false;

  constructor(head: PageHead, fields: readonly StoredField[], spoolPath: string, buffers: SharedBuffers) {
    this.head = head;
    const kinds = new Map(fields.map((field) => [field.name, cellKind(field)]));
    const shape = {
      fields: head.fields,
      kindOf: (name: string) => kinds.get(name),
      openSink: (columns: readonly string[]) => {
        this.#spool = new SpoolFile(spoolPath, columns.length);
        const cells = columns.map((name) => kinds.get(name) ?? 'text');
        return new RowRecord(cells, this.#spool, buffers, columns);
      },
    };
    this.reader = new PageReader(head, shape, buffers);
  }

  /** All its blocks are in. Does nothing the second time, as where a commit is tried again. */
  end(): void {
    if (this.#ended) return;
    this.reader.end();
    this.#spool!.finish();
    this.#ended = true;
  }

  get path(): string {
    return this.#spool!.path;
  }

  remove(): void {
    this.#spool?.remove();
  }
}
