import type { Clock } from '../../src/base/clock.ts';
import { AppError } from '../../src/base/errors.ts';
import { leaseLost } from '../../src/base/lease-lost.ts';
import { contact } from '../../src/org/synced-object.ts';
import { MemoryContactReader } from '../../src/store/memory/memory-contact-reader.ts';
import { MemoryDisk } from '../../src/store/memory/memory-file.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import type { ContactReader } from '../../src/sync/ports/contact-reader.ts';
import type { Lease } from '../../src/sync/ports/leases.ts';
import type { ArchivedMirror, MirrorArchives } from '../../src/sync/ports/mirror-archives.ts';
import type { MirrorCopies } from '../../src/sync/ports/mirror-copies.ts';
import type { Mirrors, RemoveOptions } from '../../src/sync/ports/mirrors.ts';
import type { OutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import type { OpenOptions, StoredMirror } from '../../src/sync/ports/stored-mirror.ts';
import type { MirrorTwoWay } from '../../src/sync/ports/two-way.ts';

const openStates: ReadonlySet<string> = new Set(['pending', 'sent', 'in-doubt', 'held', 'conflict']);

/** Mirrors that live as long as their test. Closing one keeps what it holds. */
export class MemoryMirrors implements Mirrors {
  readonly #clock: Clock;
  readonly #mirrors = new Map<string, MemoryMirror>();
  readonly #copies = new Map<string, MemoryMirror>();
  readonly #disks = new WeakMap<MemoryMirror, MemoryDisk>();
  #archived: { instanceUrl: string; archive: ArchivedMirror }[] = [];
  #archives = 0;

  readonly archives: MirrorArchives = {
    add: async (instanceUrl, lease, { force = false } = {}) => {
      await lease.confirm();
      const open = force ? [] : await this.#entries(instanceUrl, ({ state }) => openStates.has(state));
      if (open.length > 0) throw new AppError('OUTBOX_OPEN', `${open.length} entries are open.`);
      const location = `${this.location(instanceUrl)}:${this.#archives++}`;
      const archive = { location, archivedAt: this.#clock.now(), bytes: 1 };
      this.#archived.unshift({ instanceUrl, archive });
      this.#mirrors.delete(instanceUrl);
      return archive;
    },
    list: async (instanceUrl) =>
      this.#archived.filter((kept) => kept.instanceUrl === instanceUrl).map(({ archive }) => archive),
    remove: async ({ location }, lease) => {
      await lease.confirm();
      this.#archived.splice(
        this.#archived.findIndex(({ archive }) => archive.location === location),
        1,
      );
    },
  };

  readonly copies: MirrorCopies = {
    exists: async (instanceUrl) => this.#copies.has(instanceUrl),
    open: (instanceUrl, options) => this.#openAt(this.#copies, instanceUrl, options),
    remove: async (instanceUrl, lease) => {
      await lease.confirm();
      this.#copies.delete(instanceUrl);
    },
    replaceMirror: async (instanceUrl, { lease }) => {
      const copy = this.#at(this.#copies, instanceUrl, false);
      const seen = await this.fenceOf(instanceUrl, lease.name);
      if (seen > lease.fence) throw leaseLost(lease.name, { fence: lease.fence, seen });
      const old = this.#mirrors.get(instanceUrl);
      const archive = old === undefined ? null : await this.archives.add(instanceUrl, lease, { force: true });
      if (old !== undefined) this.#replaceContents(old, copy);
      this.#mirrors.set(instanceUrl, old ?? copy);
      return archive;
    },
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The mirror of an org, made where there is none. */
  of(instanceUrl: string): MemoryMirror {
    return this.#at(this.#mirrors, instanceUrl, true);
  }

  /** What lies in the mirror of an org, for whoever looks at it from outside. */
  diskOf(instanceUrl: string): MemoryDisk | null {
    const mirror = this.#mirrors.get(instanceUrl);
    return (mirror && this.#disks.get(mirror)) ?? null;
  }

  location(instanceUrl: string): string {
    return `memory:${instanceUrl}`;
  }

  startWriting(): void {}

  async exists(instanceUrl: string): Promise<boolean> {
    return this.#mirrors.has(instanceUrl);
  }

  open(instanceUrl: string, options: OpenOptions): Promise<StoredMirror> {
    return this.#openAt(this.#mirrors, instanceUrl, options);
  }

  async read(instanceUrl: string): Promise<ContactReader> {
    this.#at(this.#mirrors, instanceUrl, false);
    return new MemoryContactReader(this.diskOf(instanceUrl)!);
  }

  async isReconcileAsked(instanceUrl: string): Promise<boolean> {
    const asked = (await this.#mirrors.get(instanceUrl)?.journal.askedReconcile()) ?? null;
    return asked !== null && asked.state !== 'ended';
  }

  async fenceOf(instanceUrl: string, leaseName: string): Promise<number> {
    const fences = [this.#mirrors, this.#copies].map(
      (kept) => kept.get(instanceUrl)?.fenceOf(leaseName) ?? 0,
    );
    return Math.max(...(await Promise.all(fences)));
  }

  async twoWay(instanceUrl: string): Promise<MirrorTwoWay | null> {
    const mirror = this.#mirrors.get(instanceUrl);
    if (mirror === undefined) return null;
    const set = this.diskOf(instanceUrl)?.objects.get(contact.name)?.twoWay ?? null;
    return { ...(await mirror.twoWay()), isSet: set !== null };
  }

  programCommits() {
    return { look: () => null, [Symbol.dispose]() {} };
  }

  async move(from: string, to: string, leases: readonly Lease[]): Promise<void> {
    for (const lease of leases) await lease.confirm();
    for (const kept of [this.#mirrors, this.#copies]) {
      const mirror = kept.get(from);
      if (mirror !== undefined) kept.set(to, mirror);
      kept.delete(from);
    }
    for (const kept of this.#archived) if (kept.instanceUrl === from) kept.instanceUrl = to;
  }

  async remove(instanceUrl: string, lease: Lease, { force = false }: RemoveOptions = {}): Promise<number> {
    await lease.confirm();
    const kept = force
      ? []
      : await this.#entries(
          instanceUrl,
          ({ state, local }) => openStates.has(state) || (state === 'rejected' && local),
        );
    if (kept.length > 0) return kept.length;
    this.#mirrors.delete(instanceUrl);
    this.#copies.delete(instanceUrl);
    this.#archived = this.#archived.filter((archived) => archived.instanceUrl !== instanceUrl);
    return 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #entries(instanceUrl: string, choose: (entry: OutboxEntry) => boolean): Promise<OutboxEntry[]> {
    const entries = (await this.#mirrors.get(instanceUrl)?.outbox.list()) ?? [];
    return entries.filter(choose);
  }

  async #openAt(
    kept: Map<string, MemoryMirror>,
    instanceUrl: string,
    { create, lease }: OpenOptions,
  ): Promise<StoredMirror> {
    const mirror = this.#at(kept, instanceUrl, create);
    return lease === undefined ? mirror : mirror.under(lease);
  }

  /**
   * Whoever has the old one open has the new one now. What was pushed is this machine's own and stays, and so do the fences of
   * who works on it.
   */
  #replaceContents(old: MemoryMirror, copy: MemoryMirror): void {
    const into = this.#disks.get(old);
    const disk = this.#disks.get(copy);
    const to = disk?.objects.get(contact.name);
    if (into === undefined || disk === undefined || to === undefined) return;
    const kept = into.objects.get(contact.name);
    const fences = new Map(into.org.fences);
    for (const [name, fence] of disk.org.fences) fences.set(name, Math.max(fence, fences.get(name) ?? 0));
    into.org = { ...disk.org, fences };
    const own = kept && { outbox: kept.outbox, pushes: kept.pushes, twoWay: kept.twoWay };
    into.objects.set(contact.name, { ...to, ...own });
  }

  #at(kept: Map<string, MemoryMirror>, instanceUrl: string, create: boolean): MemoryMirror {
    const there = kept.get(instanceUrl);
    if (there !== undefined) return there;
    if (!create) throw new AppError('NO_MIRROR', `There is no mirror for ${instanceUrl}.`);
    const disk = new MemoryDisk();
    const made = new MemoryMirror(this.#clock, contact, disk);
    this.#disks.set(made, disk);
    kept.set(instanceUrl, made);
    return made;
  }
}
