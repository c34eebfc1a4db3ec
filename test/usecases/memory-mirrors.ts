import type { Clock } from '../../src/base/clock.ts';
import { AppError } from '../../src/base/errors.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import type { ArchivedMirror, Mirrors } from '../../src/sync/ports/mirrors.ts';
import type { StoredMirror } from '../../src/sync/ports/stored-mirror.ts';

/** Mirrors that live as long as their test. Closing one keeps what it holds. */
export class MemoryMirrors implements Mirrors {
  readonly #clock: Clock;
  readonly #mirrors = new Map<string, MemoryMirror>();
  readonly #copies = new Map<string, MemoryMirror>();
  readonly #archived: (ArchivedMirror & { instanceUrl: string })[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The mirror of an org, made where there is none. */
  of(instanceUrl: string): MemoryMirror {
    return this.#at(this.#mirrors, instanceUrl, true);
  }

  pathOf(instanceUrl: string): string {
    return `memory:${instanceUrl}`;
  }

  exists(instanceUrl: string): boolean {
    return this.#mirrors.has(instanceUrl);
  }

  async open(instanceUrl: string, { create }: { create: boolean }): Promise<StoredMirror> {
    return this.#at(this.#mirrors, instanceUrl, create);
  }

  hasCopy(instanceUrl: string): boolean {
    return this.#copies.has(instanceUrl);
  }

  async openCopy(instanceUrl: string, { create }: { create: boolean }): Promise<StoredMirror> {
    return this.#at(this.#copies, instanceUrl, create);
  }

  removeCopy(instanceUrl: string): void {
    this.#copies.delete(instanceUrl);
  }

  async replaceByCopy(instanceUrl: string): Promise<string | null> {
    const copy = this.#at(this.#copies, instanceUrl, false);
    const path = this.exists(instanceUrl) ? await this.archive(instanceUrl) : null;
    this.#mirrors.set(instanceUrl, copy);
    return path;
  }

  async archive(instanceUrl: string): Promise<string> {
    const path = `${this.pathOf(instanceUrl)}:${this.#archived.length}`;
    this.#archived.unshift({ instanceUrl, path, archivedAt: this.#clock.now(), bytes: 1 });
    this.#mirrors.delete(instanceUrl);
    return path;
  }

  archives(instanceUrl: string): ArchivedMirror[] {
    return this.#archived.filter((archive) => archive.instanceUrl === instanceUrl);
  }

  removeArchive(path: string): void {
    this.#archived.splice(
      this.#archived.findIndex((archive) => archive.path === path),
      1,
    );
  }

  async move(from: string, to: string): Promise<void> {
    for (const kept of [this.#mirrors, this.#copies]) {
      const mirror = kept.get(from);
      if (mirror !== undefined) kept.set(to, mirror);
      kept.delete(from);
    }
  }

  async remove(instanceUrl: string): Promise<void> {
    this.#mirrors.delete(instanceUrl);
    this.#copies.delete(instanceUrl);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #at(kept: Map<string, MemoryMirror>, instanceUrl: string, create: boolean): MemoryMirror {
    const there = kept.get(instanceUrl);
    if (there !== undefined) return there;
    if (!create) throw new AppError('NO_MIRROR', `There is no mirror for ${instanceUrl}.`);
    const made = new MemoryMirror(this.#clock);
    kept.set(instanceUrl, made);
    return made;
  }
}
