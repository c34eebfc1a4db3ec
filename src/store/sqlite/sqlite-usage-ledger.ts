import type { ApiUsage, UsageLedger } from '../../sync/ports/usage-ledger.ts';
import type { MirrorFile, MirrorWrite } from './mirror-file.ts';
import { apiCallsSince, readReportedUsage } from './usage-records.ts';

export class SqliteUsageLedger implements UsageLedger {
  readonly #file: MirrorFile;
  readonly #write: MirrorWrite;

  constructor(file: MirrorFile, write: MirrorWrite) {
    this.#file = file;
    this.#write = write;
  }

  async addCalls(hour: number, calls: number): Promise<void> {
    await this.#write('addApiCalls', hour, calls);
  }

  async callsSince(hour: number): Promise<number> {
    return this.#file.read((db) => apiCallsSince(db, hour));
  }

  async reported(): Promise<ApiUsage | null> {
    return this.#file.read(readReportedUsage);
  }

  async saveReported(usage: ApiUsage): Promise<void> {
    await this.#write('saveReportedUsage', usage);
  }
}
