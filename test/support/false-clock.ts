import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lackRealPart } from './real-part.ts';

/** Debian's `libfaketime`: a library that tells a process another time than the machine's. */
function findLibrary(): string | undefined {
  const root = '/usr/lib';
  if (!existsSync(root)) return undefined;
  return readdirSync(root)
    .map((folder) => join(root, folder, 'faketime', 'libfaketimeMT.so.1'))
    .find((path) => existsSync(path));
}

/** Where the library is missing the test is skipped, or fails, as for a missing program. */
export function haveFalseClock(): boolean {
  return (
    findLibrary() !== undefined || lackRealPart('A false clock is not on this machine (libfaketime missing)')
  );
}

/** The wall clock of processes that start with `env`; the monotonic clock stays the machine's, as in a real leap. */
export class FalseClock {
  readonly env: NodeJS.ProcessEnv;
  readonly #file: string;

  /** Keeps its time in that folder. `offset`: such as `+40d` or `-40d`. */
  constructor(folder: string, offset: string) {
    this.#file = join(folder, 'clock');
    this.leap(offset);
    this.env = {
      LD_PRELOAD: findLibrary(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** The processes see the new time at once; `offset` counts from the machine's clock. */
  leap(offset: string): void {
    writeFileSync(`${this.#file}.new`, `${offset}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}
