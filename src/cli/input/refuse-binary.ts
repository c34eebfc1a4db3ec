import { fileWord } from './file-word.ts';
import { inputFault } from './input-fault.ts';

interface BinaryKind {
  magic: readonly number[];
  is: string;
  hint: string;
}

const textOnly = 'Contacts are CSV, JSON or NDJSON.';
const saveAsCsv = 'Open it and save it as "CSV UTF-8", then push that file.';
const kinds: readonly BinaryKind[] = [
  {
    magic: [0x50, 0x4b, 0x03, 0x04],
    is: 'an Excel workbook, or another zip file, not text',
    hint: saveAsCsv,
  },
  { magic: [0xd0, 0xcf, 0x11, 0xe0], is: 'an Excel workbook of the old kind, not text', hint: saveAsCsv },
  {
    magic: [0x1f, 0x8b],
    is: 'compressed (gzip)',
    hint: 'Unpack it first: `gunzip -c FILE > NEW`. Where that ends without an error, push NEW with the same flags.',
  },
  {
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    is: 'compressed (zstd)',
    hint: 'Unpack it first: `zstd -dc FILE > NEW`. Where that ends without an error, push NEW with the same flags.',
  },
  { magic: ascii('PK\x05\x06'), is: 'an empty zip file, not text', hint: textOnly },
  {
    magic: ascii('BZh'),
    is: 'compressed (bzip2)',
    hint: 'Unpack it first: `bzcat FILE > NEW`. Where that ends without an error, push NEW with the same flags.',
  },
  {
    magic: [0xfd, ...ascii('7zX')],
    is: 'compressed (xz)',
    hint: 'Unpack it first: `xzcat FILE > NEW`. Where that ends without an error, push NEW with the same flags.',
  },
  { magic: [...ascii('7z'), 0xbc, 0xaf], is: 'a 7z archive, not text', hint: 'Unpack it first.' },
  { magic: ascii('Rar!'), is: 'a rar archive, not text', hint: 'Unpack it first.' },
  { magic: ascii('%PDF'), is: 'a PDF, not text', hint: textOnly },
  { magic: ascii('{\\rt'), is: 'a document of a word processor (RTF), not plain text', hint: textOnly },
  { magic: [0x89, ...ascii('PNG')], is: 'a picture, not text', hint: textOnly },
  { magic: [0xff, 0xd8, 0xff], is: 'a picture, not text', hint: textOnly },
  { magic: ascii('GIF8'), is: 'a picture, not text', hint: textOnly },
  { magic: ascii('SQLi'), is: 'a database of SQLite, not text', hint: textOnly },
  { magic: ascii('bpli'), is: 'a binary property list, not text', hint: textOnly },
  { magic: ascii('PAR1'), is: 'a Parquet file, not text', hint: textOnly },
];

function ascii(text: string): number[] {
  return [...text].map((char) => char.charCodeAt(0));
}

/** As many bytes as `refuseBinary` looks at. */
export const magicBytes = 4;

/** Throws `INVALID_INPUT` where the first bytes are those of a file that people mistake for its text. */
export function refuseBinary(head: Uint8Array, source: string): void {
  const kind = kinds.find(({ magic }) => magic.every((byte, at) => head[at] === byte));
  if (kind === undefined) return;
  throw inputFault(
    { source },
    `this is ${kind.is}`,
    kind.hint.replace('FILE', () => fileWord(source)),
  );
}
