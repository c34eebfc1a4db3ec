import type { Sweep, SweptDue, SweptRow } from '../../sync/ports/sweep.ts';
import type { MirrorFile } from './mirror-file.ts';
import { countSwept, listSwept } from './sweep-records.ts';

export class SqliteSweep implements Sweep {
  readonly #file: MirrorFile;

  constructor(file: MirrorFile) {
    this.#file = file;
  }

  async count(due: SweptDue): Promise<number> {
    return this.#file.read((db) => countSwept(db, due));
  }

  async due(due: SweptDue, page: { after: string; limit: number }): Promise<SweptRow[]> {
    return this.#file.read((db) => listSwept(db, due, page));
  }
}
