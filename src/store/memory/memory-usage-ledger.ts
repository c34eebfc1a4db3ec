import type { ApiUsage, UsageLedger } from '../../sync/ports/usage-ledger.ts';
import type { MemoryFile } from './memory-file.ts';

export class MemoryUsageLedger implements UsageLedger {
  readonly #file: MemoryFile;

  constructor(file: MemoryFile) {
    this.#file = file;
  }

  async addCalls(hour: number, calls: number): Promise<void> {
    this.#file.write('count-calls', ({ callsByHour }) =>
      callsByHour.set(hour, (callsByHour.get(hour) ?? 0) + calls),
    );
  }

  async callsSince(hour: number): Promise<number> {
    return this.#file.read(({ callsByHour }) =>
      [...callsByHour].reduce((sum, [at, calls]) => (at >= hour ? sum + calls : sum), 0),
    );
  }

  async reported(): Promise<ApiUsage | null> {
    return this.#file.read(({ reported }) => reported && { ...reported });
  }

  async saveReported(usage: ApiUsage): Promise<void> {
    this.#file.write('count-calls', (state) => {
      state.reported = { ...usage };
    });
  }
}
