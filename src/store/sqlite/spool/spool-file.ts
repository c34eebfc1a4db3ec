import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import type { RowRecord } from './row-record.ts';
import { varintBytes, writeVarintBefore } from './sqlite-varint.ts';

/** SQLite's largest page: fewest pages to write and to read back. Written as 1 in the file's header. */
const pageBytes = 65_536;
/** A payload longer than this goes on in overflow pages (SQLite file format, section 1.6). */
const maxLocal = pageBytes - 35;
const minLocal = Math.floor(((pageBytes - 12) * 32) / 255) - 23;
const leafHeader = 8;
const interiorHeader = 12;

const tableLeaf = 13;
const tableInterior = 5;

interface Child {
  page: number;
  lastRowid: number;
}

/**
 * A page's rows, written while they arrive as a small SQLite database of our own making: one table `page`
 * with columns c0, c1, …, whose rows have the rowids 1, 2, …. SQLite then copies them into the mirror by one
 * `INSERT … SELECT` in C. That is twice as fast as binding values row by row, and no transaction is open
 * while the network is slow, so any number of pages can arrive side by side.
 */
export class SpoolFile {
  readonly path: string;
  readonly columns: number;
  rows = 0;
  #fd: number | null;
  #leaf = new Uint8Array(pageBytes);
  #cells = 0;
  #top = pageBytes;
  #children: Child[] = [];
  /** Page 1 holds the schema, page 2 is the table's root. */
  #nextPage = 3;

  constructor(path: string, columns: number) {
    this.path = path;
    this.columns = columns;
    this.#fd = openSync(path, 'w', 0o600);
  }

  add(record: RowRecord): void {
    const length = record.end - record.start;
    const rowid = ++this.rows;
    const local = length <= maxLocal ? length : localBytes(length);
    const cell = varintBytes(length) + varintBytes(rowid) + local + (local === length ? 0 : 4);
    if (leafHeader + 2 * (this.#cells + 1) + cell > this.#top) this.#flushLeaf(rowid - 1);
    let p = this.#top;
    if (local !== length) {
      const first = this.#writeOverflow(record.bytes, record.start + local, record.end);
      p -= 4;
      writeUint32(this.#leaf, p, first);
    }
    p -= local;
    copyBytes(record.bytes, record.start, this.#leaf, p, local);
    p = writeVarintBefore(this.#leaf, p, rowid);
    p = writeVarintBefore(this.#leaf, p, length);
    const pointer = leafHeader + 2 * this.#cells;
    this.#leaf[pointer] = p >>> 8;
    this.#leaf[pointer + 1] = p & 255;
    this.#cells++;
    this.#top = p;
  }

  /** Writes what is left with the interior pages and the schema, and closes the file. */
  finish(): void {
    const fd = this.#fd;
    if (fd === null) return;
    if (this.#children.length === 0) {
      this.#writePage(2, this.#closeLeaf());
    } else {
      if (this.#cells > 0) this.#flushLeaf(this.rows);
      this.#writeRoot();
    }
    this.#writePage(1, schemaPage(this.columns, this.#nextPage - 1));
    closeSync(fd);
    this.#fd = null;
  }

  remove(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    rmSync(this.path, { force: true });
  }

  #closeLeaf(): Uint8Array {
    const leaf = this.#leaf;
    writeHeader(leaf, 0, tableLeaf, this.#cells, this.#top);
    return leaf;
  }

  #flushLeaf(lastRowid: number): void {
    const page = this.#nextPage++;
    this.#writePage(page, this.#closeLeaf());
    this.#children.push({ page, lastRowid });
    this.#cells = 0;
    this.#top = pageBytes;
  }

  /** Interior levels until one page holds all children; that one is page 2. */
  #writeRoot(): void {
    let level = this.#children;
    while (level.length > maxChildren) {
      const above: Child[] = [];
      for (let i = 0; i < level.length; i += maxChildren) {
        const part = level.slice(i, i + maxChildren);
        const page = this.#nextPage++;
        this.#writePage(page, interiorPage(part));
        above.push({ page, lastRowid: part.at(-1)!.lastRowid });
      }
      level = above;
    }
    this.#writePage(2, interiorPage(level));
  }

  #writeOverflow(bytes: Uint8Array, from: number, to: number): number {
    const first = this.#nextPage;
    const room = pageBytes - 4;
    for (let at = from; at < to; at += room) {
      const page = new Uint8Array(pageBytes);
      const number = this.#nextPage++;
      writeUint32(page, 0, at + room < to ? number + 1 : 0);
      page.set(bytes.subarray(at, Math.min(at + room, to)), 4);
      this.#writePage(number, page);
    }
    return first;
  }

  #writePage(number: number, bytes: Uint8Array): void {
    const fd = this.#fd;
    if (fd === null) throw new Error('The spool file is closed.');
    let done = 0;
    const at = (number - 1) * pageBytes;
    while (done < pageBytes) done += writeSync(fd, bytes, done, pageBytes - done, at + done);
  }
}

/** Each takes 4 bytes of page number, up to 5 of rowid and 2 of pointer; the last child needs none of it. */
const maxChildren = Math.floor((pageBytes - interiorHeader) / 11);

function localBytes(length: number): number {
  const local = minLocal + ((length - minLocal) % (pageBytes - 4));
  return local <= maxLocal ? local : minLocal;
}

function interiorPage(children: readonly Child[]): Uint8Array {
  const page = new Uint8Array(pageBytes);
  const cells = children.length - 1;
  let top = pageBytes;
  for (let i = 0; i < cells; i++) {
    const child = children[i]!;
    top = writeVarintBefore(page, top, child.lastRowid) - 4;
    writeUint32(page, top, child.page);
    page[interiorHeader + 2 * i] = top >>> 8;
    page[interiorHeader + 2 * i + 1] = top & 255;
  }
  writeHeader(page, 0, tableInterior, cells, top);
  writeUint32(page, 8, children[cells]!.page);
  return page;
}

/** The file's 100-byte header (SQLite file format, section 1.3) and sqlite_schema with its one row. */
function schemaPage(columns: number, pages: number): Uint8Array {
  const page = new Uint8Array(pageBytes);
  page.set(new TextEncoder().encode('SQLite format 3\0'));
  page[17] = 1; // page size 65,536
  page[18] = 1; // rollback journal, not WAL: the file is read by one connection and never written again
  page[19] = 1;
  page[21] = 64;
  page[22] = 32;
  page[23] = 32;
  writeUint32(page, 24, 1);
  writeUint32(page, 28, pages);
  writeUint32(page, 40, 1);
  writeUint32(page, 44, 4); // schema format
  writeUint32(page, 56, 1); // UTF-8
  writeUint32(page, 92, 1);
  writeUint32(page, 96, 3_054_001);
  const names = Array.from({ length: columns }, (_, i) => `c${i}`).join(',');
  const sql = new TextEncoder().encode(`CREATE TABLE page(${names})`);
  const word = new TextEncoder().encode('tablepagepage');
  const header = [13 + 2 * 5, 13 + 2 * 4, 13 + 2 * 4, 1];
  const sqlType = 13 + 2 * sql.length;
  const headerBytes = 1 + header.length + varintBytes(sqlType);
  const length = headerBytes + word.length + 1 + sql.length;
  let p = pageBytes - length;
  const cellStart = writeVarintBefore(page, p - 1, length);
  page[p - 1] = 1; // rowid
  page[p++] = headerBytes;
  for (const type of header) page[p++] = type;
  p += varintBytes(sqlType);
  writeVarintBefore(page, p, sqlType);
  page.set(word, p);
  p += word.length;
  page[p++] = 2; // root page
  page.set(sql, p);
  writeHeader(page, 100, tableLeaf, 1, cellStart);
  page[108] = cellStart >>> 8;
  page[109] = cellStart & 255;
  return page;
}

function writeHeader(page: Uint8Array, at: number, kind: number, cells: number, top: number): void {
  page[at] = kind;
  page[at + 1] = 0;
  page[at + 2] = 0;
  page[at + 3] = cells >>> 8;
  page[at + 4] = cells & 255;
  // 65,536 is written as 0.
  page[at + 5] = (top >>> 8) & 255;
  page[at + 6] = top & 255;
  page[at + 7] = 0;
}

function writeUint32(page: Uint8Array, at: number, value: number): void {
  page[at] = value >>> 24;
  page[at + 1] = (value >>> 16) & 255;
  page[at + 2] = (value >>> 8) & 255;
  page[at + 3] = value & 255;
}

function copyBytes(from: Uint8Array, start: number, to: Uint8Array, at: number, length: number): void {
  to.set(from.subarray(start, start + length), at);
}
