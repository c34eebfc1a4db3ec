import type { Sweep, SweptDue, SweptRow } from '../../sync/ports/sweep.ts';
import type { MemoryFile } from './memory-file.ts';

export class MemorySweep implements Sweep {
  readonly #file: MemoryFile;

  constructor(file: MemoryFile) {
    this.#file = file;
  }

  async count(due: SweptDue): Promise<number> {
    return this.#file.read(({ swept }) => [...swept.values()].filter((row) => row.due === due).length);
  }

  async due(due: SweptDue, { after, limit }: { after: string; limit: number }): Promise<SweptRow[]> {
    return this.#file.read(({ swept, contacts }) =>
      [...swept]
        .filter(([id, row]) => row.due === due && id > after)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([id, { evidenceAt }]) => {
          const readAt = contacts.get(id)?.state.readAt ?? null;
          return { id, readAt: readAt === null ? 0 : Date.parse(readAt), evidenceAt };
        }),
    );
  }
}
