import type { Clock } from '../../src/base/clock.ts';
import { AppError } from '../../src/base/errors.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import type { Lease } from '../../src/sync/ports/leases.ts';
import type { ArchivedMirror, Mirrors, OpenOptions, ReplaceOptions } from '../../src/sync/ports/mirrors.ts';
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

  open(instanceUrl: string, options: OpenOptions): Promise<StoredMirror> {
    return this.#openAt(this.#mirrors, instanceUrl, options);
  }

  async fenceOf(instanceUrl: string, leaseName: string): Promise<number> {
    const fences = [this.#mirrors, this.#copies].map(
      (kept) => kept.get(instanceUrl)?.fenceOf(leaseName) ?? 0,
    );
    return Math.max(...(await Promise.all(fences)));
  }

  hasCopy(instanceUrl: string): boolean {
    return this.#copies.has(instanceUrl);
  }

  openCopy(instanceUrl: string, options: OpenOptions): Promise<StoredMirror> {
    return this.#openAt(this.#copies, instanceUrl, options);
  }

  async removeCopy(instanceUrl: string, lease: Lease): Promise<void> {
    await lease.confirm();
    this.#copies.delete(instanceUrl);
  }

  async replaceByCopy(instanceUrl: string, { lease }: ReplaceOptions): Promise<string | null> {
    const copy = this.#at(this.#copies, instanceUrl, false);
    const path = this.exists(instanceUrl) ? await this.archive(instanceUrl, lease) : null;
    this.#mirrors.set(instanceUrl, copy);
    return path;
  }

  async archive(instanceUrl: string, lease: Lease): Promise<string> {
    await lease.confirm();
    const path = `${this.pathOf(instanceUrl)}:${this.#archived.length}`;
    this.#archived.unshift({ instanceUrl, path, archivedAt: this.#clock.now(), bytes: 1 });
    this.#mirrors.delete(instanceUrl);
    return path;
  }

  archives(instanceUrl: string): ArchivedMirror[] {
    return this.#archived.filter((archive) => archive.instanceUrl === instanceUrl);
  }

  async removeArchive(path: string, lease: Lease): Promise<void> {
    await lease.confirm();
    this.#archived.splice(
      this.#archived.findIndex((archive) => archive.path === path),
      1,
    );
  }

  async move(from: string, to: string, leases: readonly Lease[]): Promise<void> {
    for (const lease of leases) await lease.confirm();
    for (const kept of [this.#mirrors, this.#copies]) {
      const mirror = kept.get(from);
      if (mirror !== undefined) kept.set(to, mirror);
      kept.delete(from);
    }
  }

  async remove(instanceUrl: string, lease: Lease): Promise<void> {
    await lease.confirm();
    this.#mirrors.delete(instanceUrl);
    this.#copies.delete(instanceUrl);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #openAt(
    kept: Map<string, MemoryMirror>,
    instanceUrl: string,
    { create, lease }: OpenOptions,
  ): Promise<StoredMirror> {
    const mirror = this.#at(kept, instanceUrl, create);
    return lease === undefined ? mirror : mirror.under(lease);
  }

  #at(kept: Map<string, MemoryMirror>, instanceUrl: string, create: boolean): MemoryMirror {
    const there = kept.get(instanceUrl);
    if (there !== undefined) return there;
    if (!create) throw new AppError('NO_MIRROR', `There is no mirror for ${instanceUrl}.`);
    const made = new MemoryMirror(this.#clock);
    kept.set(instanceUrl, made);
    return made;
  }
}
