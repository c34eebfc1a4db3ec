import type { Clock } from '../../base/clock.ts';
import { isAppError } from '../../base/errors.ts';
import { type Connection, openForReading } from './connection.ts';
import { checkVersion } from './schema.ts';
import { mapSqliteFault } from './sqlite-fault.ts';
import type { BlockBudget } from './writer/block-budget.ts';
import type { MirrorCalls } from './writer/protocol.ts';
import type { PageRoute } from './writer/send-page.ts';
import type { WriterClient } from './writer/writer-client.ts';

export interface WriterSeat {
  client: WriterClient;
  budget: BlockBudget;
}

/**
 * Another process may hold the write lock for the length of its own transaction: a second at most where it is
 * ours, also for a page of a hundred thousand rows. Whoever holds it for 15 seconds is a stranger.
 */
const busyTries = 60;
const busyPauseMs = 200;

/** One mirror's file: a connection of its own to read, opened by the first read, and a seat on a writer thread. */
export class MirrorFile {
  readonly path: string;
  readonly #seat: WriterSeat;
  readonly #clock: Clock;
  #reader: Connection | null = null;
  #writing: Promise<void> | null = null;
  /** `deaths` of the client when the mirror was opened on its thread. */
  #deaths = 0;
  /** Writes go one after the other, so that a repeated one is not overtaken. */
  #queue: Promise<unknown> = Promise.resolve();
  #nextPage = 1;
  #closed = false;

  constructor(path: string, seat: WriterSeat, clock: Clock) {
    this.path = path;
    this.#seat = seat;
    this.#clock = clock;
  }

  /** Makes sure that the file exists in this tool's version; starts the writer thread only where it must. */
  async prepare(create: boolean): Promise<void> {
    try {
      if (checkVersion(this.#reading(), this.path) === 'current') return;
    } catch (error) {
      if (!(create && isAppError(error, 'NO_MIRROR'))) throw error;
    }
    await this.#openWriter(create);
  }

  read<T>(work: (db: Connection) => T): T {
    try {
      return work(this.#reading());
    } catch (error) {
      throw mapSqliteFault(error, this.path);
    }
  }

  async write<K extends keyof MirrorCalls>(
    call: K,
    ...args: Parameters<MirrorCalls[K]>
  ): Promise<ReturnType<MirrorCalls[K]>> {
    const turn = this.#queue.then(async () => {
      await this.#openWriter(false);
      return this.#patiently(call, args);
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /** Where a new page's blocks go. */
  pageRoute(): PageRoute {
    const { client, budget } = this.#seat;
    return {
      client,
      budget,
      path: this.path,
      page: this.#nextPage++,
      ready: () => this.#openWriter(false),
    };
  }

  async dropPage(page: number): Promise<void> {
    if (!this.#isOpenOnThread) return;
    // A thread that dies over it takes the page along; the error that matters is the page's own.
    await this.#seat.client.call(this.path, 'dropPage', [page]).catch(() => {});
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue;
    this.#reader?.close();
    this.#reader = null;
    await this.#writing?.catch(() => {});
    if (!this.#isOpenOnThread) return;
    await this.#seat.client.close(this.path);
  }

  #reading(): Connection {
    this.#refuseClosed();
    this.#reader ??= openForReading(this.path);
    return this.#reader;
  }

  get #isOpenOnThread(): boolean {
    return this.#writing !== null && this.#deaths === this.#seat.client.deaths;
  }

  async #openWriter(create: boolean): Promise<void> {
    this.#refuseClosed();
    if (this.#writing === null || !this.#isOpenOnThread) {
      this.#deaths = this.#seat.client.deaths;
      const opening = this.#seat.client.open(this.path, create);
      this.#writing = opening;
      // The next write tries again.
      opening.catch(() => {
        if (this.#writing === opening) this.#writing = null;
      });
    }
    return this.#writing;
  }

  /** The thread itself waits only briefly, for other mirrors are waiting behind this one. */
  async #patiently<K extends keyof MirrorCalls>(
    call: K,
    args: Parameters<MirrorCalls[K]>,
  ): Promise<ReturnType<MirrorCalls[K]>> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#seat.client.call(this.path, call, args);
      } catch (error) {
        if (!isAppError(error, 'MIRROR_BUSY') || tries === busyTries) throw error;
        await this.#clock.sleep(busyPauseMs);
      }
    }
  }

  #refuseClosed(): void {
    if (this.#closed) throw new Error(`The mirror ${this.path} is closed.`);
  }
}
