import { createHash } from 'node:crypto';
import type { StagingRecord } from '../sync/ports/outbox-staging.ts';

type Digested = Pick<StagingRecord, 'alike' | 'replaces'> & {
  entry: Pick<StagingRecord['entry'], 'op' | 'contactId' | 'changes'>;
};

/** Kept with each push, and compared by later versions: what is written to it below makes another form. */
const form = 'records-1:';

/**
 * By what the same records are known again: what is to become of which contact, in their order. In which file and order a
 * field stood does not matter, nor which of the ways of writing a value that Salesforce takes for the same. With which flags
 * they are pushed is no part of it.
 */
export class RecordDigest {
  readonly #hash = createHash('sha256');
  /** The names of the last record as it had them, and sorted; the records of a file have the same ones. */
  #names: readonly string[] = [];
  #sorted: readonly string[] = [];

  /** `text`: its changes as JSON. */
  add({ entry: { op, contactId, changes }, alike, replaces }: Digested, text: string): void {
    // Mended or not, a record in the place of a refused one is another than the one that was refused.
    const place = replaces === null ? '' : JSON.stringify(replaces);
    this.#hash.update(`${op}\t${contactId ?? ''}\t${place}\t${this.#inOrder(changes, alike, text)}\n`);
  }

  /** Of all that were added. */
  text(): string {
    return form + this.#hash.copy().digest('hex');
  }

  #inOrder(changes: Record<string, unknown>, alike: StagingRecord['alike'], text: string): string {
    const names = Object.keys(changes);
    if (!isSame(names, this.#names)) {
      this.#names = names;
      this.#sorted = names.toSorted();
    }
    if (alike === null && isSame(names, this.#sorted)) return text;
    const ordered: Record<string, unknown> = {};
    for (const name of this.#sorted) ordered[name] = alike?.[name] ?? changes[name];
    return JSON.stringify(ordered);
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
